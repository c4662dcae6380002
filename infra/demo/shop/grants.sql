-- What the shop's tools may do, where they have a role of their own: read, write down, delete nothing.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'interlock_tools') THEN
        GRANT USAGE ON SCHEMA shop TO interlock_tools;
        GRANT SELECT ON ALL TABLES IN SCHEMA shop TO interlock_tools;
        GRANT INSERT ON shop.refunds, shop.sent_emails, shop.effects TO interlock_tools;
        -- To lock an order while it is refunded.
        GRANT UPDATE (status) ON shop.orders TO interlock_tools;
        -- To be given the row of a repeat.
        GRANT UPDATE (sent_at) ON shop.sent_emails TO interlock_tools;
    END IF;
END
$$;
