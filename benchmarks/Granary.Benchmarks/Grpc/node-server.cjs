// The calculator's Multiply and RunningSum on @grpc/grpc-js, as fast as its API allows: no .proto is loaded, messages are read and written where their bytes are.
// node node-server.cjs PORT MODULES; MODULES is the folder that has @grpc/grpc-js.
const { createRequire } = require("node:module");
const { join } = require("node:path");
const grpc = createRequire(join(process.argv[3], "noop.js"))("@grpc/grpc-js");

const bytes = { requestSerialize: b => b, requestDeserialize: b => b, responseSerialize: b => b, responseDeserialize: b => b };
const service = {
  multiply: { path: "/granary.samples.v1.Calculator/Multiply", requestStream: false, responseStream: false, ...bytes },
  runningSum: { path: "/granary.samples.v1.Calculator/RunningSum", requestStream: true, responseStream: true, ...bytes },
};

// A message whose fields are doubles, but for the text in field 1: field number -> value.
function doubles(message) {
  const values = [];
  for (let at = 0; at < message.length;) {
    const tag = message[at++];
    if ((tag & 7) === 2) at += 1 + message[at];
    else {
      values[tag >> 3] = message.readDoubleLE(at);
      at += 8;
    }
  }
  return values;
}

function reply(value) {
  const message = Buffer.allocUnsafe(9);
  message[0] = 9;
  message.writeDoubleLE(value, 1);
  return message;
}

const server = new grpc.Server();
server.addService(service, {
  multiply(call, done) {
    const values = doubles(call.request);
    done(null, reply((values[2] ?? 0) * (values[3] ?? 0)));
  },
  runningSum(call) {
    let sum = 0;
    call.on("data", message => {
      sum += doubles(message)[2] ?? 0;
      call.write(reply(sum));
    });
    call.on("end", () => call.end());
  },
});
server.bindAsync(`127.0.0.1:${process.argv[2]}`, grpc.ServerCredentials.createInsecure(), error => {
  if (error) throw error;
});
process.stdin.on("end", () => process.exit(0)).resume();
