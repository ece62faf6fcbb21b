using Granary.Calls;

namespace Granary.Engine.Observers;

/// <summary>At a client's gateway: takes a call that arrived from another silo on to the client, and its outcome back.</summary>
internal static class ObserverRelay
{
    internal static async Task RunAsync(ProcessCore process, Call call)
    {
        call.Share();
        var copy = call.Method.CreateCall();
        for (var i = 0; i < call.ArgumentCount; i++) copy.SetArgument(i, call.GetArgument(i));
        copy.PrepareLike(call);
        copy.Context = call.Context;
        copy.Router = process.Router;
        copy.Hops = ObserverTable.LastHop;
        try
        {
            var result = await copy.SendAndWait(process.Router, null);
            if (call.IsOneWay)
            {
                call.WithoutResult();
            }
            else
            {
                call.FilterResult = result;
                call.CompleteFromFilters();
            }
        }
        catch (Exception error)
        {
            call.Fail(error);
        }

        call.ReleaseCallee();
    }
}
