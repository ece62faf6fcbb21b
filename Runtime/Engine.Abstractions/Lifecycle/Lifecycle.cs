namespace Orleans
{
    /// <summary>Takes part in one stage of a lifecycle.</summary>
    public interface ILifecycleObserver
    {
        Task OnStart(CancellationToken cancellationToken = default);

        Task OnStop(CancellationToken cancellationToken = default);
    }

    /// <summary>Something that starts stage by stage upwards and stops downwards. Observers of one stage run at the same time.</summary>
    public interface ILifecycleObservable
    {
        /// <summary>Subscribes until the returned object is disposed.</summary>
        IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer);
    }

    /// <summary>A lifecycle and the one who moves it on.</summary>
    public interface ILifecycleSubject : ILifecycleObservable, ILifecycleObserver;

    /// <summary>A component which subscribes itself to a lifecycle.</summary>
    public interface ILifecycleParticipant<TLifecycleObservable>
        where TLifecycleObservable : ILifecycleObservable
    {
        void Participate(TLifecycleObservable lifecycle);
    }

    /// <summary>The stages of a silo's and a client's life.</summary>
    public static class ServiceLifecycleStage
    {
        /// <summary>First.</summary>
        public const int First = int.MinValue;

        /// <summary>The runtime's own services initialise.</summary>
        public const int RuntimeInitialize = 2000;

        /// <summary>The runtime's services run.</summary>
        public const int RuntimeServices = 4000;

        /// <summary>Storage providers initialise.</summary>
        public const int RuntimeStorageServices = 6000;

        /// <summary>Grain services run.</summary>
        public const int RuntimeGrainServices = 8000;

        /// <summary>After grain services, before the application.</summary>
        public const int AfterRuntimeGrainServices = 8100;

        /// <summary>The application's services start.</summary>
        public const int ApplicationServices = 10000;

        /// <summary>The silo is about to join the cluster.</summary>
        public const int BecomeActive = Active - 1;

        /// <summary>The silo serves calls.</summary>
        public const int Active = 20000;

        /// <summary>Last.</summary>
        public const int Last = int.MaxValue;
    }
}

namespace Orleans.Runtime
{
    /// <summary>The lifecycle of one activation.</summary>
    public interface IGrainLifecycle : ILifecycleObservable
    {
        void AddMigrationParticipant(IGrainMigrationParticipant participant);

        void RemoveMigrationParticipant(IGrainMigrationParticipant participant);
    }

    /// <summary>The stages of an activation's life.</summary>
    public static class GrainLifecycleStage
    {
        public const int First = int.MinValue;

        /// <summary>Stored state is read.</summary>
        public const int SetupState = 1000;

        /// <summary>OnActivateAsync and OnDeactivateAsync are called.</summary>
        public const int Activate = 2000;

        public const int Last = int.MaxValue;
    }

    /// <summary>The lifecycle of a silo.</summary>
    public interface ISiloLifecycle : ILifecycleObservable
    {
        /// <summary>The highest stage whose start is complete.</summary>
        int HighestCompletedStage { get; }

        /// <summary>The lowest stage whose stop is complete.</summary>
        int LowestStoppedStage { get; }
    }

    /// <summary>A silo's lifecycle and the one who moves it on.</summary>
    public interface ISiloLifecycleSubject : ISiloLifecycle, ILifecycleSubject;
}
