using Granary.Calls;
using Granary.Codec;
using Orleans;
using Orleans.Runtime;

namespace Granary.Engine.Reminders;

/// <summary>How reminders are delivered: <see cref="IRemindable"/> stands where the generator does not run.</summary>
internal static class RemindableCalls
{
    private static readonly CallMethod s_receive =
        new(nameof(IRemindable.ReceiveReminder), 1, static () => CallPool<ReceiveCall>.Rent(), CallFlags.None, 0, [typeof(string), typeof(TickStatus)]);

    internal static CallInterface Interface { get; } = new(typeof(IRemindable), "Orleans.IRemindable", 0, static init => new Proxy(init), [s_receive]);

    private sealed class Proxy(ProxyInit init) : GrainProxy(init), IRemindable
    {
        public Task ReceiveReminder(string reminderName, TickStatus status)
        {
            var call = CallPool<ReceiveCall>.Rent();
            call.Name = reminderName;
            call.Status = status;
            return call.SendTask(this, default);
        }
    }

    private sealed class ReceiveCall : VoidCall
    {
        private const uint NameTag = (2 << 3) | 2;
        private const uint StatusTag = (3 << 3) | 2;
        private const uint FirstTag = (1 << 3) | 2;
        private const uint PeriodTag = (2 << 3) | 2;
        private const uint CurrentTag = (3 << 3) | 2;

        internal string Name = "";
        internal TickStatus Status;

        public override CallMethod Method => s_receive;

        public override int ArgumentCount => 2;

        public override object? GetArgument(int i) => i == 0 ? Name : i == 1 ? Status : base.GetArgument(i);

        public override void SetArgument(int i, object? v)
        {
            if (i == 0) Name = (string)v!;
            else if (i == 1) Status = (TickStatus)v!;
            else base.SetArgument(i, v);
        }

        public override void WriteArguments(ref WireWriter w)
        {
            w.WriteTag(NameTag);
            w.WriteString(Name);
            var start = w.BeginMessage(StatusTag);
            w.WriteTag(FirstTag);
            w.WriteTimestamp(Status.FirstTickTime);
            w.WriteTag(PeriodTag);
            w.WriteDuration(Status.Period);
            w.WriteTag(CurrentTag);
            w.WriteTimestamp(Status.CurrentTickTime);
            w.EndMessage(start);
        }

        public override void ReadArguments(ref WireReader r)
        {
            for (uint tag; (tag = r.ReadTag()) != 0;)
            {
                switch (tag)
                {
                    case NameTag: Name = r.ReadString(); break;
                    case StatusTag: Status = ReadStatus(ref r); break;
                    default: r.Skip(tag); break;
                }
            }
        }

        protected override ValueTask InvokeAsync(object target) => new(((IRemindable)target).ReceiveReminder(Name, Status));

        protected override void ReturnToPool()
        {
            Name = "";
            Status = default;
            CallPool<ReceiveCall>.Return(this);
        }

        private static TickStatus ReadStatus(ref WireReader r)
        {
            DateTime first = default, current = default;
            TimeSpan period = default;
            var token = r.EnterMessage();
            for (uint tag; (tag = r.ReadTag()) != 0;)
            {
                switch (tag)
                {
                    case FirstTag: first = r.ReadDateTime(); break;
                    case PeriodTag: period = r.ReadDuration(); break;
                    case CurrentTag: current = r.ReadDateTime(); break;
                    default: r.Skip(tag); break;
                }
            }

            r.ExitMessage(token);
            return new TickStatus(first, period, current);
        }
    }
}
