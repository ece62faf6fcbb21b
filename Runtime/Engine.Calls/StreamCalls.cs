// Streamed arguments are pulled by calls like any other; their interface stands in an assembly that knows no calls.
[assembly: Granary.Calls.GenerateCalls(typeof(Granary.Rpc.IRpcStreamSource))]
