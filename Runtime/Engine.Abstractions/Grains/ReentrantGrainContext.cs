namespace Orleans.Core.Internal;

/// <summary>An activation which lets call chains that passed through it call back into it.</summary>
public interface ICallChainReentrantGrainContext
{
    /// <summary>Requests with this id may interleave until the matching exit. Sections are counted.</summary>
    void OnEnterReentrantSection(Guid reentrancyId);

    void OnExitReentrantSection(Guid reentrancyId);
}
