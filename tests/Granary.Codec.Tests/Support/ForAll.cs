using FsCheck;
using FsCheck.Fluent;

namespace Granary.Codec.Tests.Support;

/// <summary>Properties. One that fails throws with its counterexample and the seed.</summary>
internal static class ForAll
{
    /// <summary>Tries a few hundred.</summary>
    public static void Cases<T>(Gen<T> inputs, Action<T> property) => Prop.ForAll(Arb.From(inputs), property).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
}
