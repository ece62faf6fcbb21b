namespace Orleans;

/// <summary>Subscribes delegates to a lifecycle.</summary>
public static class LifecycleExtensions
{
    public static IDisposable Subscribe(
        this ILifecycleObservable observable,
        string observerName,
        int stage,
        Func<CancellationToken, Task> onStart,
        Func<CancellationToken, Task>? onStop)
    {
        ArgumentNullException.ThrowIfNull(observable);
        ArgumentNullException.ThrowIfNull(observerName);
        ArgumentNullException.ThrowIfNull(onStart);
        return observable.Subscribe(observerName, stage, new DelegateObserver(onStart, onStop));
    }

    public static IDisposable Subscribe(this ILifecycleObservable observable, string observerName, int stage, Func<CancellationToken, Task> onStart) =>
        observable.Subscribe(observerName, stage, onStart, null);

    public static IDisposable Subscribe<TObserver>(
        this ILifecycleObservable observable,
        int stage,
        Func<CancellationToken, Task> onStart,
        Func<CancellationToken, Task> onStop) =>
        observable.Subscribe(NameOf(typeof(TObserver)), stage, onStart, onStop);

    public static IDisposable Subscribe<TObserver>(this ILifecycleObservable observable, int stage, Func<CancellationToken, Task> onStart) =>
        observable.Subscribe(NameOf(typeof(TObserver)), stage, onStart, null);

    public static IDisposable Subscribe<TObserver>(this ILifecycleObservable observable, int stage, ILifecycleObserver observer) =>
        observable.Subscribe(NameOf(typeof(TObserver)), stage, observer);

    public static IDisposable Subscribe(this ILifecycleObservable observable, int stage, ILifecycleObserver observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        return observable.Subscribe(NameOf(observer.GetType()), stage, observer);
    }

    private static string NameOf(Type observer) => observer.FullName ?? observer.Name;

    private sealed class DelegateObserver(Func<CancellationToken, Task> onStart, Func<CancellationToken, Task>? onStop) : ILifecycleObserver
    {
        public Task OnStart(CancellationToken cancellationToken) => onStart(cancellationToken);

        public Task OnStop(CancellationToken cancellationToken) => onStop?.Invoke(cancellationToken) ?? Task.CompletedTask;
    }
}
