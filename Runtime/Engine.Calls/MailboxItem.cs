namespace Granary.Calls;

/// <summary>Something that waits for an activation's turn: a call, a continuation or a step of the engine. Linked intrusively, so waiting allocates nothing.</summary>
public abstract class MailboxItem
{
    /// <summary>The next item of the list this is in. Owned by that list.</summary>
    internal MailboxItem? NextItem;
}
