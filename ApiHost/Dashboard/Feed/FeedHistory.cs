namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>The cluster's totals of the last 15 minutes, one point for each second in which somebody watched. Thread-safe.</summary>
internal sealed class FeedHistory
{
    internal const int Points = 900;

    private readonly Lock _lock = new();
    private readonly Queue<Point> _points = new(Points);

    internal void Add(long at, TotalsView totals)
    {
        lock (_lock)
        {
            while (_points.Count > 0 && (_points.Count >= Points || at - _points.Peek().At > Points * 1000L)) _points.Dequeue();
            _points.Enqueue(new Point(at, totals));
        }
    }

    internal HistoryMessage Read()
    {
        Point[] points;
        lock (_lock) points = [.. _points];
        return new HistoryMessage(
            1000,
            Array.ConvertAll(points, p => p.At),
            Array.ConvertAll(points, p => (double?)p.Totals.CallsPerSecond),
            Array.ConvertAll(points, p => (double?)p.Totals.ErrorsPerSecond),
            Array.ConvertAll(points, p => p.Totals.P50),
            Array.ConvertAll(points, p => p.Totals.P99),
            Array.ConvertAll(points, p => (double?)p.Totals.Activations),
            Array.ConvertAll(points, p => (double?)p.Totals.InFlight));
    }

    private readonly record struct Point(long At, TotalsView Totals);
}
