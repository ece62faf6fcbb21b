using Xunit;

namespace Granary.OrleansApi.Tests;

public sealed class OrleansApiTests
{
    [Fact]
    public void Every_type_of_ours_that_official_Orleans_has_has_the_same_signature()
    {
        var ours = Assemblies.Types(Assemblies.OurPaths);
        var official = Assemblies.ByName(Assemblies.Types(Assemblies.OfficialPaths));

        var differences = ApiComparer.Compare(ours, official);

        Assert.True(ours.Count(type => official.ContainsKey(ApiSignature.Type(type, nullability: false))) > 100, "Too few types were compared: are the assemblies read?");
        Assert.True(
            differences.Count == 0,
            $"{differences.Count} differences. Members that official Orleans lacks are internal or live in a Granary namespace:\n  {string.Join("\n  ", differences)}");
    }

    [Fact]
    public void Types_that_cannot_be_compared_are_listed_with_the_official_assembly_they_belong_to()
    {
        var official = Assemblies.ByName(Assemblies.Types(Assemblies.OfficialPaths));
        var unchecked_ = Assemblies.ByName(Assemblies.Types(Assemblies.OurPaths)).Keys.Where(name => !official.ContainsKey(name)).ToHashSet(StringComparer.Ordinal);
        var listed = UncheckedTypes.Listed.Keys.ToHashSet(StringComparer.Ordinal);

        var unlisted = unchecked_.Except(listed, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var stale = listed.Where(official.ContainsKey).Order(StringComparer.Ordinal).ToList();

        Assert.True(
            unlisted.Count == 0 && stale.Count == 0,
            "A public type under Orleans is in no official assembly that can be read here. If official Orleans has it elsewhere, write 'assembly: type' into "
            + $"unchecked-types.txt; if not, it belongs in a Granary namespace:\n  {string.Join("\n  ", unlisted)}\nListed but comparable: {string.Join(", ", stale)}");
    }

    [Fact]
    public void No_type_has_the_name_of_an_official_one_in_another_namespace()
    {
        var official = Assemblies.Types(Assemblies.OfficialPaths).Where(type => type.ContainingType is null).ToList();
        var fullNames = Assemblies.ByName(official).Keys.ToHashSet(StringComparer.Ordinal);
        var shortNames = official.ToLookup(type => type.MetadataName, StringComparer.Ordinal);

        var misplaced = Assemblies.Types(Assemblies.OurPaths)
            .Where(type => type.ToDisplayString() != "Orleans.Hosting.SiloBuilderExtensions") // TestingHost has one of its own
            .Where(type => type.ContainingType is null && !fullNames.Contains(ApiSignature.Type(type, nullability: false)) && shortNames.Contains(type.MetadataName))
            .Select(type => $"{type} is official as {string.Join(", ", shortNames[type.MetadataName])}")
            .ToList();

        Assert.Empty(misplaced);
    }

    [Fact]
    public void Members_that_official_assemblies_use_of_assemblies_we_cannot_read_fit_ours()
    {
        var differences = MemberReferences.Compare(Assemblies.OurPaths, Assemblies.OfficialPaths, out var compared);

        Assert.True(differences.Count == 0, string.Join("\n", differences));
        Assert.True(compared > 20, $"Only {compared} members were compared: the readers have come apart.");
    }

    [Fact]
    public void Every_assembly_that_is_built_is_compared()
    {
        Assert.NotEmpty(Assemblies.OurPaths);
        Assert.All(Assemblies.OurPaths.Concat(Assemblies.OfficialPaths), path => Assert.True(File.Exists(path), $"{path} is not there."));
    }
}
