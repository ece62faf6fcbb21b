namespace Orleans.Concurrency;

/// <summary>Passes a value without a copy: sender and receiver promise not to change it any more.</summary>
[GenerateSerializer]
[Immutable]
public readonly struct Immutable<T> : IEquatable<Immutable<T>>
{
    [Id(0)]
    public readonly T Value;

    public Immutable(T value) => Value = value;

    public bool Equals(Immutable<T> other) => EqualityComparer<T>.Default.Equals(Value, other.Value);

    public override bool Equals(object? obj) => obj is Immutable<T> other && Equals(other);

    public override int GetHashCode() => Value is null ? 0 : EqualityComparer<T>.Default.GetHashCode(Value);

    public static bool operator ==(Immutable<T> left, Immutable<T> right) => left.Equals(right);

    public static bool operator !=(Immutable<T> left, Immutable<T> right) => !left.Equals(right);
}

/// <summary>Makes <see cref="Immutable{T}"/> values.</summary>
public static class ImmutableExtensions
{
    public static Immutable<T> AsImmutable<T>(this T value) => new(value);
}
