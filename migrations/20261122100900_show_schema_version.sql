-- Lets a running process see whether the schema is as new as its program, without owning it.
CREATE FUNCTION guard.applied(versions bigint[]) RETURNS int
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS
$$
BEGIN
    RETURN (SELECT count(*) FROM public._sqlx_migrations WHERE success AND version = ANY (versions));
END
$$;
REVOKE ALL ON FUNCTION guard.applied(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION guard.applied(bigint[]) TO dealdesk_app, dealdesk_system;
