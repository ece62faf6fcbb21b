using Microsoft.CodeAnalysis;

namespace Granary.Generators.Reading;

/// <summary>Rules about grain classes.</summary>
internal static class GrainReader
{
    public static void Check(INamedTypeSymbol type, Problems problems)
    {
        if (type.IsOpen())
        {
            problems.Add(Rules.Generic, type.Where(), Names.Readable(type), $"Write a grain class for each type (class {type.Name}OfInt : {type.Name}<int>), and make this one abstract.");
            return;
        }

        // A class that only implements the interface may be a stand-in of a test, which nobody activates.
        if (!type.IsVisible() && type.Inherits("Orleans.IGrainBase")) problems.Add(Rules.TypeNotVisible, type.Where(), Names.Readable(type));
        foreach (var i in type.Interfaces)
        {
            // A closed heir is how callers name the interface; the constructed one itself has no proxy.
            if (i.IsGenericType && i.IsAddressable())
                problems.Add(Rules.Generic, type.Where(), Names.Short(i), $"Declare a closed interface (interface I{type.Name} : {Names.Short(i)}) and implement that.");
        }
    }
}
