-- What was billed, credited, written off, paid and still owed on each invoice, from a day until the day before the next
-- change. It comes from the journal alone; every other figure about being paid rests on it.
-- grain: invoice and day on which its receivable moved
-- key: invoice_id, from_on
with transactions as (
    -- One that touches revenue is a document (invoice, void, credit note); one that touches retainers is a deposit that
    -- lowers what the invoice asks for; one that touches money or the client's credit is a payment, a refund or a
    -- dispute; what is left is a write-off.
    select
        seq,
        case
            when bool_or(account in ('revenue', 'tax_payable', 'discounts')) then 'document'
            when bool_or(account = 'retainers') then 'deposit'
            when
                bool_or(account in ('stripe_clearing', 'bank', 'payments_elsewhere', 'client_credit', 'disputed'))
                then 'money'
            else 'write-off'
        end as kind
    from stg_journal
    group by seq
),

movements as (
    select
        seq,
        detail as invoice_id,
        currency,
        posted_on,
        sum(amount_minor) as change_minor
    from stg_journal
    where account = 'receivable'
    group by seq, detail, currency, posted_on
),

days as (
    select
        movements.invoice_id,
        movements.currency,
        movements.posted_on as from_on,
        sum(movements.change_minor) as change_minor,
        sum(
            case transactions.kind
                when 'deposit' then movements.change_minor
                when 'document' then greatest(movements.change_minor, 0)
                else 0
            end
        ) as billed_minor,
        sum(
            case transactions.kind when 'document' then greatest(-movements.change_minor, 0) else 0 end
        ) as credited_minor,
        sum(
            case transactions.kind when 'write-off' then -movements.change_minor else 0 end
        ) as written_off_minor
    from movements
    inner join transactions on movements.seq = transactions.seq
    group by movements.invoice_id, movements.currency, movements.posted_on
),

running as (
    select
        invoice_id,
        currency,
        from_on,
        lead(from_on) over invoice_days as until_on,
        sum(billed_minor) over invoice_days as billed_minor,
        sum(credited_minor) over invoice_days as credited_minor,
        sum(written_off_minor) over invoice_days as written_off_minor,
        sum(change_minor) over invoice_days as balance_minor
    from days
    window invoice_days as (partition by invoice_id order by from_on)
),

owing as (
    select
        *,
        max(case when balance_minor > 0 then from_on end)
            over (partition by invoice_id order by from_on)
            as last_owed_on
    from running
)

select
    invoice_id,
    currency,
    from_on,
    until_on,
    cast(billed_minor as bigint) as billed_minor,
    cast(credited_minor as bigint) as credited_minor,
    cast(written_off_minor as bigint) as written_off_minor,
    cast(billed_minor - credited_minor - written_off_minor - balance_minor as bigint) as paid_minor,
    cast(balance_minor as bigint) as balance_minor,
    case
        when balance_minor <= 0
            then min(case when balance_minor <= 0 then from_on end)
                over (partition by invoice_id, last_owed_on order by from_on)
    end as settled_since_on
from owing
