-- The company directory. It is shared by all tenants and holds public facts only, so it has no tenant and no
-- row-level security: the application may read it, and only the system role (imports) may write it.

-- Trigram matching of names is an aid. A server that does not offer pg_trgm, or a role that may not create it,
-- still gets a working directory: the search then goes by full text alone.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN undefined_file OR insufficient_privilege OR feature_not_supported THEN
    RAISE NOTICE 'pg_trgm is not available (%): company names are matched by full text alone', SQLERRM;
END
$$;

-- Tags are written with underscores; a search has words. Immutable, since a generated column needs that.
CREATE FUNCTION company_tag_words(tags text[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN pg_catalog.replace(pg_catalog.array_to_string(tags, ' '), '_', ' ');

CREATE TABLE companies (
    id                text COLLATE "C" PRIMARY KEY,
    source            text NOT NULL DEFAULT '',
    name              text NOT NULL CHECK (name <> ''),
    description       text,
    sector            text,
    industry_group    text,
    industry          text,
    category          text,
    country           text CHECK (country ~ '^[A-Z]{2}$'),
    state             text,
    city              text,
    domain            text,
    market_cap        text CHECK (market_cap IN
                          ('Nano Cap', 'Micro Cap', 'Small Cap', 'Mid Cap', 'Large Cap', 'Mega Cap')),
    founded_year      integer,
    status            text,
    funding_total_usd double precision CHECK (funding_total_usd >= 0),
    funding_rounds    integer CHECK (funding_rounds >= 0),
    last_funding_at   date,
    tickers           text[] NOT NULL DEFAULT '{}',
    lei               text,
    tags              text[] NOT NULL DEFAULT '{}',
    updated_at        timestamptz NOT NULL DEFAULT now(),
    -- Weights: A the name, B labels and tags, C what the description says.
    search            tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('pg_catalog.simple', name), 'A')
        || setweight(to_tsvector('pg_catalog.english',
               coalesce(sector, '') || ' ' || coalesce(industry_group, '') || ' ' || coalesce(industry, '')
               || ' ' || coalesce(replace(category, '_', ' '), '') || ' ' || company_tag_words(tags)), 'B')
        || setweight(to_tsvector('pg_catalog.english', coalesce(description, '')), 'C')
    ) STORED
);

CREATE INDEX companies_search_idx ON companies USING gin (search);
CREATE INDEX companies_country_idx ON companies (country);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'pg_trgm') THEN
        EXECUTE format(
            'CREATE INDEX companies_name_trgm_idx ON companies USING gin (name %I.gin_trgm_ops)',
            (SELECT n.nspname FROM pg_catalog.pg_extension e
               JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'));
    END IF;
END
$$;

-- Rises whenever companies changed; the search index is stale when it was built at another version.
CREATE TABLE directory_version (
    single     boolean PRIMARY KEY DEFAULT true CHECK (single),
    version    bigint NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO directory_version DEFAULT VALUES;

-- How far each file has been imported. A row is written in the same transaction as the companies it counts, so
-- an import that was killed goes on behind the last row that is really there.
CREATE TABLE company_imports (
    file_name      text NOT NULL,
    content_hash   text NOT NULL,
    rows_done      bigint NOT NULL DEFAULT 0,
    rows_bad       bigint NOT NULL DEFAULT 0,
    rows_inserted  bigint NOT NULL DEFAULT 0,
    rows_updated   bigint NOT NULL DEFAULT 0,
    started_at     timestamptz NOT NULL DEFAULT now(),
    finished_at    timestamptz,
    PRIMARY KEY (file_name, content_hash)
);

GRANT SELECT ON companies, directory_version TO dealdesk_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON companies, directory_version, company_imports TO dealdesk_system;
