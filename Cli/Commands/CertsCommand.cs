using System.CommandLine;
using System.Globalization;
using Granary.Certificates;
using Granary.Cli.Output;

namespace Granary.Cli.Commands;

/// <summary><c>granary certs</c>: an authority for development and private clusters, its certificates and its revocation list. Everything happens in a directory of this machine.</summary>
internal static class CertsCommand
{
    private const int CaDays = 1825;
    private const int LeafDays = 397;
    private const int ListDays = 30;
    private const int MostDays = 3650;

    private static readonly Option<DirectoryInfo> s_directory = new("--directory", "-d") { Description = "Where the files are.", DefaultValueFactory = _ => new DirectoryInfo("certs"), HelpName = "directory" };
    private static readonly Option<bool> s_force = new("--force", "-f") { Description = "Replace files there are." };

    public static Command Create()
    {
        var command = new Command("certs", "Makes certificates: an authority, certificates for hosts, silos and callers, and a list of those that are revoked.");
        command.Subcommands.Add(Ca());
        command.Subcommands.Add(Server());
        command.Subcommands.Add(Silo());
        command.Subcommands.Add(Client());
        command.Subcommands.Add(Revoke());
        return command;
    }

    private static Command Ca()
    {
        var name = new Option<string>("--name") { Description = "Its name.", DefaultValueFactory = _ => "Granary development authority", HelpName = "name" };
        var days = Days("How long it is good for, in days.", CaDays);
        var command = new Command("ca", "Makes the authority: ca.pem, to be trusted, and ca.key, to be kept.") { name, days, s_directory, s_force };
        command.SetAction(parsed => Do(() =>
        {
            var folder = Folder(parsed);
            Protect(folder, CertificateFolder.Authority, parsed.GetValue(s_force));
            using var authority = CertificateAuthority.Create(parsed.GetRequiredValue(name), Days(parsed.GetRequiredValue(days)));
            folder.Write(CertificateFolder.Authority, authority.Certificate);

            // A list of another authority's would be no use.
            System.IO.File.Delete(folder.CrlFile);
            folder.Revoke(authority, [], TimeSpan.FromDays(ListDays));
            Say($"{folder.CertificateFile(CertificateFolder.Authority)}: {authority.Certificate.Subject}, good until {Date(authority.Certificate.NotAfter)}");
            Say($"{folder.KeyFile(CertificateFolder.Authority)} signs everything that is trusted: keep it off the hosts");
        }));
        return command;
    }

    private static Command Server()
    {
        var names = new Argument<string[]>("names") { Description = "What callers write in the address: host names and IP addresses; without any, those of this machine's own loopback.", Arity = ArgumentArity.ZeroOrMore };
        var (file, days) = (File("server"), Days("How long it is good for, in days.", LeafDays));
        var command = new Command("server", "Makes a certificate for the HTTPS of an ApiHost.") { names, file, days, s_directory, s_force };
        command.SetAction(parsed => Do(() =>
        {
            var given = parsed.GetValue(names) is { Length: > 0 } some ? some : ["localhost", "127.0.0.1", "::1"];
            var name = Issue(parsed, CertificateKind.Server, given[0], given, file, days);
            Set("On the ApiHost set", ("Urls", "https://0.0.0.0:8443"), ("Granary__Tls__CertificateFile", name.Certificate), ("Granary__Tls__KeyFile", name.Key));
            Say($"Callers trust {name.Ca}: curl --cacert {name.Ca} https://{given[0]}:8443/healthz");
        }));
        return command;
    }

    private static Command Silo()
    {
        var names = new Argument<string[]>("names") { Description = "Further names: host names, IP addresses, URIs.", Arity = ArgumentArity.ZeroOrMore };
        var cluster = new Option<string>("--cluster") { Description = "The cluster's name (Granary:Cluster:ClusterId).", DefaultValueFactory = _ => "granary", HelpName = "name" };
        var (file, days) = (File("silo"), Days("How long it is good for, in days.", LeafDays));
        var command = new Command("silo", "Makes a certificate for a silo, by which the processes of a cluster know each other.") { names, cluster, file, days, s_directory, s_force };
        command.SetAction(parsed => Do(() =>
        {
            var id = Cluster(parsed.GetRequiredValue(cluster));
            var name = Issue(parsed, CertificateKind.Silo, $"silo.{id}", [$"silo.{id}", .. parsed.GetValue(names) ?? []], file, days);
            Set(
                "On the silo set",
                ("Granary__Engine__Tls__CertificateFile", name.Certificate), ("Granary__Engine__Tls__KeyFile", name.Key), ("Granary__Engine__Tls__CaFile", name.Ca), ("Granary__Engine__Tls__CrlFile", name.Crl),
                ("Granary__Engine__Tls__AllowedNames__0", $"client.{id}"), ("Granary__Engine__Tls__SiloNames__0", $"silo.{id}"));
        }));
        return command;
    }

    private static Command Client()
    {
        var name = new Argument<string?>("name") { Description = "Who the caller is; for a process of the cluster leave it out and give --cluster.", Arity = ArgumentArity.ZeroOrOne };
        var cluster = new Option<string?>("--cluster") { Description = "For an ApiHost that calls the silos of this cluster (Granary:Mode=Client).", HelpName = "name" };
        var (file, days) = (File(null), Days("How long it is good for, in days.", LeafDays));
        var command = new Command("client", "Makes a certificate for a caller: of an ApiHost by HTTPS, or of a cluster's silos.") { name, cluster, file, days, s_directory, s_force };
        command.SetAction(parsed => Do(() =>
        {
            var (who, id) = (parsed.GetValue(name), parsed.GetValue(cluster));
            if (who is null == id is null) throw new UsageException("write either the caller's name, granary certs client ada, or the cluster whose silos an ApiHost calls, granary certs client --cluster granary");
            if (id is not null)
            {
                var client = $"client.{Cluster(id)}";
                var files = Issue(parsed, CertificateKind.Client, client, [client], file, days, "client");
                Set(
                    "On the ApiHost set",
                    ("Granary__Engine__Tls__CertificateFile", files.Certificate), ("Granary__Engine__Tls__KeyFile", files.Key), ("Granary__Engine__Tls__CaFile", files.Ca), ("Granary__Engine__Tls__CrlFile", files.Crl),
                    ("Granary__Engine__Tls__SiloNames__0", $"silo.{id}"));
                return;
            }

            var caller = Issue(parsed, CertificateKind.Client, who!, CertificateAuthority.IsHostName(who!) ? [who!] : [], file, days, who);
            Set("On the ApiHost set", ("Granary__Tls__ClientCertificates", "Allowed"), ("Granary__Tls__CaFile", caller.Ca), ("Granary__Tls__CrlFile", caller.Crl));
            Say($"{who} calls with: curl --cert {caller.Certificate} --key {caller.Key} --cacert {caller.Ca} ..");
        }));
        return command;
    }

    private static Command Revoke()
    {
        var names = new Argument<string[]>("names") { Description = "The certificates, by the names of their files; without any, the list is only renewed.", Arity = ArgumentArity.ZeroOrMore };
        var days = Days("After how many days a newer list is expected.", ListDays);
        var command = new Command("revoke", "Revokes certificates: crl.pem lists them.") { names, days, s_directory };
        command.SetAction(parsed => Do(() =>
        {
            var folder = Folder(parsed);
            var revoked = parsed.GetValue(names) ?? [];
            foreach (var name in revoked) CheckName(name);
            if (revoked.Contains(CertificateFolder.Authority)) throw new UsageException("the authority cannot be revoked: make a new one, and trust it instead");
            using var authority = folder.OpenAuthority();
            folder.Revoke(authority, revoked, Days(parsed.GetRequiredValue(days)));
            Say($"{folder.CrlFile}: {(revoked.Length == 0 ? "renewed" : "revoked " + string.Join(", ", revoked))}. Hosts that were told of it (CrlFile) take it up within seconds");
        }));
        return command;
    }

    private static (string Certificate, string Key, string Ca, string Crl) Issue(ParseResult parsed, CertificateKind kind, string subject, IEnumerable<string> names, Option<string?> file, Option<int> days, string? usual = null)
    {
        var folder = Folder(parsed);
        var name = parsed.GetValue(file) ?? usual ?? throw new InvalidOperationException("A file has a name.");
        CheckName(name);
        if (name is CertificateFolder.Authority or "crl") throw new UsageException($"'{name}' is the name of the authority's own files; write another one: --file server");
        Protect(folder, name, parsed.GetValue(s_force));
        using var authority = folder.OpenAuthority();
        using var certificate = authority.Issue(kind, subject, names, Days(parsed.GetRequiredValue(days)));
        folder.Write(name, certificate);
        var all = PeerCertificate.NamesOf(certificate);
        Say($"{folder.CertificateFile(name)}, {folder.KeyFile(name)}: {string.Join(", ", all)}, good until {Date(certificate.NotAfter)}");
        return (Path.GetFullPath(folder.CertificateFile(name)), Path.GetFullPath(folder.KeyFile(name)), Path.GetFullPath(folder.CertificateFile(CertificateFolder.Authority)), Path.GetFullPath(folder.CrlFile));
    }

    private static int Do(Action action)
    {
        try
        {
            action();
            return ExitCode.Ok;
        }
        catch (Exception error) when (error is CertificateFileException or UnauthorizedAccessException or IOException)
        {
            throw new UsageException(error is CertificateFileException && error.Message.StartsWith("There is no authority", StringComparison.Ordinal) ? $"{error.Message} 'granary certs ca' makes one" : error.Message);
        }
        catch (ArgumentException error)
        {
            throw new UsageException(error.Message.Split(" (Parameter", 2)[0]);
        }
    }

    private static void Protect(CertificateFolder folder, string name, bool force)
    {
        if (folder.Has(name) && !force) throw new UsageException($"'{folder.CertificateFile(name)}' or its key is there already; --force replaces {(name == CertificateFolder.Authority ? "it, and nothing that it has signed is trusted any more" : "them")}");
    }

    // A name is not to lead out of the directory.
    private static void CheckName(string name)
    {
        if (name.Length is 0 or > 100 || name[0] == '.' || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.' or '@'))) throw new UsageException($"'{name}' is no name for a file; letters, digits, '-', '_', '.' and '@' are accepted: --file NAME");
    }

    private static string Cluster(string name) => CertificateAuthority.IsHostName(name) && name[0] != '*' ? name : throw new UsageException($"--cluster is '{name}'; for names in certificates a cluster's name must be letters, digits, '-', '_' and '.'");

    private static TimeSpan Days(int days) => days is > 0 and <= MostDays ? TimeSpan.FromDays(days) : throw new UsageException($"--days is {days}; 1 to {MostDays} is accepted");

    private static Option<int> Days(string about, int usual) => new("--days") { Description = about, DefaultValueFactory = _ => usual, HelpName = "number" };

    private static Option<string?> File(string? usual) => new("--file") { Description = "The name of the two files, without .pem and .key.", DefaultValueFactory = _ => usual, HelpName = "name" };

    private static CertificateFolder Folder(ParseResult parsed) => new(parsed.GetRequiredValue(s_directory).ToString());

    private static string Date(DateTime time) => time.ToUniversalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static void Set(string where, params (string Variable, string Value)[] settings)
    {
        Say(where + ":");
        foreach (var (variable, value) in settings) Say($"  {variable}={value}");
    }

    private static void Say(string text) => Console.Out.WriteLine(text);
}
