using Granary.Rpc;
using Orleans;

namespace Granary.Samples.Tests;

[Collection(SampleClusterCollection.Name)]
public sealed class SagaTests(SampleCluster cluster)
{
    private readonly string _order = SampleCluster.Key("o");
    private readonly string _account = SampleCluster.Key("ada");
    private readonly string _apple = SampleCluster.Key("apple");
    private readonly string _pear = SampleCluster.Key("pear");

    private IOrdersGrain Order => cluster.Grains.GetGrain<IOrdersGrain>(_order);

    [Fact]
    public async Task An_order_that_can_be_paid_completes()
    {
        await Stock(apples: 10, pears: 10, money: 100);
        var order = await Place(apples: 4, pears: 2);
        Assert.Equal((OrderStatus.Completed, 4 * 3m + 2 * 5m, null), (order.Status, order.Total, order.Reason));
        await Expect(apples: 6, pears: 8, money: 78);
        Assert.Equivalent(order, await Order.Get());
    }

    [Fact]
    public async Task An_item_that_is_out_of_stock_releases_the_others()
    {
        await Stock(apples: 10, pears: 1, money: 100);
        var order = await Place(apples: 4, pears: 2);
        Assert.Equal(OrderStatus.Cancelled, order.Status);
        Assert.Contains(_pear, order.Reason);
        await Expect(apples: 10, pears: 1, money: 100);
    }

    [Fact]
    public async Task An_account_that_cannot_pay_gets_everything_released()
    {
        await Stock(apples: 10, pears: 10, money: 21);
        var order = await Place(apples: 4, pears: 2);
        Assert.Equal(OrderStatus.Cancelled, order.Status);
        Assert.Contains("does not cover 22", order.Reason);
        await Expect(apples: 10, pears: 10, money: 21);
    }

    [Theory]
    [InlineData("Reserve", Fault.Before, OrderStatus.Reserving)]
    [InlineData("Reserve", Fault.After, OrderStatus.Reserving)]
    [InlineData("Charge", Fault.Before, OrderStatus.Charging)]
    [InlineData("Charge", Fault.After, OrderStatus.Charging)]
    [InlineData("Confirm", Fault.Before, OrderStatus.Confirming)]
    [InlineData("Confirm", Fault.After, OrderStatus.Confirming)]
    public async Task An_order_whose_step_fails_is_completed_by_its_reminder_after_a_crash(string step, Fault fault, OrderStatus stopped)
    {
        await Stock(apples: 10, pears: 10, money: 100);
        StepFaults.Inject(_order, step, fault);
        Assert.Equal(stopped, (await Place(apples: 4, pears: 2)).Status);

        await StepFaults.Crash(_order);
        await Remind();
        Assert.Equal(OrderStatus.Completed, (await Order.Get()).Status);
        await Expect(apples: 6, pears: 8, money: 78);
    }

    [Theory]
    [InlineData("Release", Fault.Before)]
    [InlineData("Release", Fault.After)]
    [InlineData("Refund", Fault.Before)]
    [InlineData("Refund", Fault.After)]
    public async Task A_compensation_whose_step_fails_is_finished_by_its_reminder_after_a_crash(string step, Fault fault)
    {
        await Stock(apples: 10, pears: 10, money: 21);
        StepFaults.Inject(_order, step, fault);
        Assert.Equal(OrderStatus.Compensating, (await Place(apples: 4, pears: 2)).Status);

        await StepFaults.Crash(_order);
        await Remind();
        Assert.Equal(OrderStatus.Cancelled, (await Order.Get()).Status);
        await Expect(apples: 10, pears: 10, money: 21);
    }

    [Theory]
    [InlineData("Reserve", Fault.Before)]
    [InlineData("Reserve", Fault.After)]
    [InlineData("Charge", Fault.Before)]
    [InlineData("Charge", Fault.After)]
    public async Task A_step_that_never_answers_is_given_up_after_ten_tries_and_undone(string step, Fault fault)
    {
        await Stock(apples: 10, pears: 10, money: 100);
        StepFaults.Inject(_order, step, fault, times: int.MaxValue);
        await Place(apples: 4, pears: 2);
        for (var tries = 1; tries < 9; tries++)
        {
            await Remind();
            Assert.NotEqual(OrderStatus.Cancelled, (await Order.Get()).Status);
        }

        await Remind();
        Assert.Equal(OrderStatus.Cancelled, (await Order.Get()).Status);
        await Expect(apples: 10, pears: 10, money: 100);
    }

    [Fact]
    public async Task Placing_an_unfinished_order_again_carries_it_on()
    {
        await Stock(apples: 10, pears: 10, money: 100);
        StepFaults.Inject(_order, "Charge", Fault.After);
        Assert.Equal(OrderStatus.Charging, (await Place(apples: 4, pears: 2)).Status);
        Assert.Equal(OrderStatus.Completed, (await Place(apples: 4, pears: 2)).Status);
        Assert.Equal(OrderStatus.Completed, (await Place(apples: 4, pears: 2)).Status);
        await Expect(apples: 6, pears: 8, money: 78);
    }

    [Fact]
    public async Task The_same_id_with_other_contents_is_refused()
    {
        await Stock(apples: 10, pears: 10, money: 100);
        await Place(apples: 4, pears: 2);
        await Fails(StatusCode.AlreadyExists, () => Place(apples: 5, pears: 2));
        await Expect(apples: 6, pears: 8, money: 78);
    }

    [Fact]
    public async Task Steps_that_come_twice_happen_once()
    {
        await Stock(apples: 10, pears: 10, money: 100);
        var (apples, account) = Steps();
        await apples.Reserve(_order, 4);
        await apples.Reserve(_order, 4);
        await account.Charge(_order, 12);
        await account.Charge(_order, 12);
        await Expect(apples: 6, pears: 10, money: 88, reserved: 4);

        await apples.Release(_order);
        await apples.Release(_order);
        await account.Refund(_order);
        await account.Refund(_order);
        await Expect(apples: 10, pears: 10, money: 100);
    }

    [Fact]
    public async Task A_step_that_arrives_after_its_compensation_is_refused()
    {
        await Stock(apples: 10, pears: 10, money: 100);
        var (apples, account) = Steps();
        await apples.Release(_order);
        await account.Refund(_order);

        await Fails(StatusCode.FailedPrecondition, () => apples.Reserve(_order, 4));
        await Fails(StatusCode.FailedPrecondition, () => account.Charge(_order, 12));
        await Expect(apples: 10, pears: 10, money: 100);
    }

    [Fact]
    public async Task A_user_pays_from_the_own_account_and_sees_the_own_orders_only()
    {
        await Stock(apples: 10, pears: 10, money: 100);
        using (As.User("eve"))
        {
            await Fails(StatusCode.PermissionDenied, () => Place(apples: 1, pears: 1));
            await Fails(StatusCode.PermissionDenied, () => cluster.Grains.GetGrain<IPaymentsGrain>(_account).Get());
        }

        using (As.User(_account)) Assert.Equal(OrderStatus.Completed, (await Place(apples: 1, pears: 1)).Status);
        using (As.User("eve")) await Fails(StatusCode.PermissionDenied, () => Order.Get());
        using (As.Admin("root")) Assert.Equal(_account, (await Order.Get()).Account);
    }

    [Fact]
    public async Task A_wrong_line_is_named()
    {
        var lines = new List<OrderLine> { new() { Sku = _apple, Quantity = 1 }, new() { Sku = _apple, Quantity = 1 } };
        var error = await Fails(StatusCode.InvalidArgument, () => Order.Place(new NewOrder { OrderId = _order, Account = _account, Lines = lines }));
        Assert.Equal("lines[1].sku", Assert.Single(error.Violations).Field);

        lines[1] = new() { Sku = _pear, Quantity = 0 };
        error = await Fails(StatusCode.InvalidArgument, () => Order.Place(new NewOrder { OrderId = _order, Account = _account, Lines = lines }));
        Assert.Equal("lines[1].quantity", Assert.Single(error.Violations).Field);
        await Fails(StatusCode.NotFound, () => Order.Get());
    }

    private (IStockReservations Apples, IAccountCharges Account) Steps() =>
        (cluster.Grains.GetGrain<IStockReservations>(_apple), cluster.Grains.GetGrain<IAccountCharges>(_account));

    private async Task Stock(int apples, int pears, decimal money)
    {
        await cluster.Grains.GetGrain<IInventoryGrain>(_apple).Restock("d1", apples, 3);
        await cluster.Grains.GetGrain<IInventoryGrain>(_pear).Restock("d1", pears, 5);
        await cluster.Grains.GetGrain<IPaymentsGrain>(_account).Deposit("p1", money);
    }

    private Task<Order> Place(int apples, int pears) => Order.Place(new NewOrder
    {
        OrderId = _order,
        Account = _account,
        Lines = [new OrderLine { Sku = _apple, Quantity = apples }, new OrderLine { Sku = _pear, Quantity = pears }],
    });

    // What the reminder service does when the order's reminder is due.
    private Task Remind() => Order.AsReference<IRemindable>().ReceiveReminder("saga", default);

    private async Task Expect(int apples, int pears, decimal money, int reserved = 0)
    {
        var apple = await cluster.Grains.GetGrain<IInventoryGrain>(_apple).Get();
        var pear = await cluster.Grains.GetGrain<IInventoryGrain>(_pear).Get();
        var account = await cluster.Grains.GetGrain<IPaymentsGrain>(_account).Get();
        Assert.Equal((apples, pears, money, reserved), (apple.Available, pear.Available, account.Balance, apple.Reserved + pear.Reserved));
    }

    private static async Task<RpcException> Fails(StatusCode code, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(code, error.Code);
        return error;
    }
}
