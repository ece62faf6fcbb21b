using System.Buffers;
using Granary.Codec;
using Granary.Rpc;

namespace Granary.Engine.Storage;

/// <summary>Grain states as bytes: the protobuf message of the state's type, or <c>{ value = 1 }</c> for a scalar. Thread-safe.</summary>
public static class StateCodec
{
    /// <summary>Whether states of this type can be stored; when not, why and what to do.</summary>
    /// <exception cref="InvalidOperationException">The type has no codec.</exception>
    public static void Require<T>(string stateName)
    {
        try
        {
            _ = RpcItemCodec<T>.Instance;
        }
        catch (InvalidOperationException error)
        {
            throw new InvalidOperationException(
                $"The state '{stateName}' of the type {typeof(T)} cannot be stored: the type has no codec. Mark it [GenerateSerializer] and its members [Id(n)], in a project that sets <EngineRole>contracts</EngineRole>.", error);
        }
    }

    /// <summary>Whether values of this type can be stored.</summary>
    public static bool CanStore<T>() => Storable<T>.Is;

    /// <summary>The state's bytes; they share nothing with it.</summary>
    public static byte[] Encode<T>(T state)
    {
        var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(256));
        try
        {
            RpcItemCodec<T>.Instance.Write(ref writer, state);
            return writer.Written.ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(writer.Buffer);
        }
    }

    /// <summary>The state of these bytes. Fields that the type does not have (any more) are skipped.</summary>
    /// <exception cref="WireFormatException">The bytes are no such state.</exception>
    public static T Decode<T>(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes);
        return RpcItemCodec<T>.Instance.Read(ref reader);
    }

    /// <summary>The state of a grain that has none stored.</summary>
    public static T NewState<T>() => Fresh<T>.Make();

    private static class Storable<T>
    {
        internal static readonly bool Is = Try();

        private static bool Try()
        {
            try
            {
                _ = RpcItemCodec<T>.Instance;
                return true;
            }
            catch (InvalidOperationException)
            {
                return false;
            }
        }
    }

    private static class Fresh<T>
    {
        internal static readonly Func<T> Make =
            typeof(T) == typeof(string) ? () => (T)(object)string.Empty
            : typeof(T).IsValueType || (!typeof(T).IsAbstract && typeof(T).GetConstructor(Type.EmptyTypes) is not null) ? Activator.CreateInstance<T>
            : () => default!;
    }
}
