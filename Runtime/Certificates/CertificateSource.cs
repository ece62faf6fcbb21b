using System.Security.Cryptography;

namespace Granary.Certificates;

/// <summary>
/// Certificates from files that may change: whoever asks gets what the files hold now, looked at once a second at most, by their contents (Kubernetes swaps a directory behind a link; copies keep times).
/// What cannot be used leaves what was read before in use. Thread-safe; nobody waits for another's look.
/// </summary>
public sealed class CertificateSource
{
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromSeconds(1);

    private readonly CertificateFiles _files;
    private readonly TimeProvider _time;
    private readonly Lock _looking = new();
    private CertificateSet _set;
    private string _seen;
    private long _lookedAt;

    /// <param name="files">Which.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="CertificateFileException">A file is missing or does not hold what it should.</exception>
    public CertificateSource(CertificateFiles files, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(time);
        (_files, _time) = (files, time);
        var contents = files.Contents();
        _seen = Digest(contents);
        _set = files.Read(contents);
        _lookedAt = time.GetTimestamp();
    }

    /// <summary>Called when a change has been taken up.</summary>
    public Action<CertificateSet>? OnRead { get; init; }

    /// <summary>Called when a change cannot be used, with the reason; once for each.</summary>
    public Action<string>? OnRefused { get; init; }

    /// <summary>What the files hold, or held when they last could be used.</summary>
    public CertificateSet Current
    {
        get
        {
            var (now, looked) = (_time.GetTimestamp(), Volatile.Read(ref _lookedAt));
            if (_time.GetElapsedTime(looked, now) >= s_lookAgain && Interlocked.CompareExchange(ref _lookedAt, now, looked) == looked) Look();
            return Volatile.Read(ref _set);
        }
    }

    private void Look()
    {
        lock (_looking)
        {
            var contents = _files.Contents();
            var digest = Digest(contents);
            if (digest == _seen) return;
            _seen = digest;
            CertificateSet set;
            try
            {
                // From the bytes that were compared: a file that changes meanwhile is the next look's.
                set = _files.Read(contents);
            }
            catch (CertificateFileException error)
            {
                OnRefused?.Invoke(error.Message);
                return;
            }

            var now = _time.GetUtcNow();
            if (!set.IsValidAt(now) && _set.IsValidAt(now))
            {
                OnRefused?.Invoke($"{_files.Section}:CertificateFile '{_files.CertificateFile}' holds a certificate ({set.Certificate.Subject}) that is good from {set.Certificate.NotBefore.ToUniversalTime():u} to {set.Certificate.NotAfter.ToUniversalTime():u}, which is not now.");
                return;
            }

            Volatile.Write(ref _set, set);
            OnRead?.Invoke(set);
        }
    }

    private static string Digest(IReadOnlyDictionary<string, FileContents> contents)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (option, file) in contents)
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{option}:{file.Bytes?.Length ?? -1}:{file.Problem}:"));
            hash.AppendData(file.Bytes ?? []);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
