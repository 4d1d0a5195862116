-- Amounts are in fen. Codes sort by bytes (COLLATE "C"), as they do in Go.
-- Tables are named without a schema: the connection's search_path decides which
-- one is built, so that a rebuild can make a second one beside the live one.

-- +goose Up

CREATE TABLE checkpoint (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    log_identity text,
    sequence     bigint NOT NULL DEFAULT 0 CHECK (sequence >= 0),
    hash         bytea CHECK (length(hash) = 32),
    problem      text,
    updated_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE checkpoint IS 'Which log the tables were derived from, up to which sequence, and why the projection stands still if it does. The hash is that of the event at the sequence.';
INSERT INTO checkpoint DEFAULT VALUES;

CREATE TABLE event (
    sequence     bigint PRIMARY KEY,
    key          bytea NOT NULL UNIQUE CHECK (length(key) = 16),
    type         text COLLATE "C" NOT NULL,
    subject_kind text COLLATE "C" NOT NULL CHECK (subject_kind IN ('unit', 'project', 'line')),
    subject      text COLLATE "C" NOT NULL,
    date         date,
    recorded_at  timestamptz NOT NULL,
    posted       boolean NOT NULL,
    body         bytea NOT NULL
);
COMMENT ON TABLE event IS 'Every event of the log. The body is its canonical bytes, of which its hash is the SHA-256; beside it stands what events are found by.';
COMMENT ON COLUMN event.key IS 'The idempotency key: the first 128 bits of the SHA-256 over source, a zero byte and id.';
COMMENT ON COLUMN event.posted IS 'Whether there is a posting of it on the line that it is about: then the key of posting finds it, and event_subject need not.';
CREATE INDEX event_subject ON event (subject, sequence) WHERE NOT posted;

CREATE TABLE unit (
    id     text COLLATE "C" PRIMARY KEY,
    name   text NOT NULL,
    parent text COLLATE "C"
);
CREATE INDEX unit_parent ON unit (parent);

CREATE TABLE project (
    id                text COLLATE "C",
    year              smallint,
    unit              text COLLATE "C" NOT NULL,
    name              text NOT NULL,
    kind              text COLLATE "C" NOT NULL CHECK (kind IN ('project', 'basic')),
    implementing_unit text NOT NULL,
    PRIMARY KEY (year, id)
);

CREATE TABLE line (
    id              text COLLATE "C" PRIMARY KEY,
    year            smallint NOT NULL,
    unit            text COLLATE "C" NOT NULL,
    project         text COLLATE "C" NOT NULL,
    name            text NOT NULL,
    fund            text COLLATE "C" NOT NULL,
    vintage         smallint NOT NULL CHECK (vintage <= year),
    function_class  text COLLATE "C" NOT NULL,
    economic_class  text COLLATE "C" NOT NULL,
    source          text COLLATE "C" NOT NULL GENERATED ALWAYS AS (
        CASE WHEN fund = 'unit_funds' THEN 'other' WHEN vintage = year THEN 'current_appropriation' ELSE 'carryover' END) STORED,
    opened_sequence bigint NOT NULL
);
COMMENT ON COLUMN line.source IS 'The fund row of self-evaluation forms: current_appropriation 当年财政拨款, carryover 上年结转资金, other 其他资金.';
CREATE INDEX line_year ON line (year, unit);

CREATE TABLE commitment (
    line       text COLLATE "C",
    id         text COLLATE "C",
    amount_fen bigint NOT NULL,
    used_fen   bigint NOT NULL,
    released   boolean NOT NULL,
    PRIMARY KEY (line, id)
);

CREATE TABLE payment (
    line           text COLLATE "C",
    id             text COLLATE "C",
    amount_fen     bigint NOT NULL,
    refunded_fen   bigint NOT NULL,
    economic_class text COLLATE "C" NOT NULL,
    moved          boolean NOT NULL,
    PRIMARY KEY (line, id)
);

CREATE TABLE closing (
    unit  text COLLATE "C",
    year  smallint,
    month smallint NOT NULL CHECK (month BETWEEN 0 AND 12),
    whole boolean NOT NULL,
    PRIMARY KEY (unit, year)
);
COMMENT ON TABLE closing IS 'How far the books of a unit and all under it are closed: the months up to month, or the whole year.';

CREATE TABLE posting (
    line           text COLLATE "C",
    sequence       bigint,
    ordinal        smallint,
    measure        text COLLATE "C" NOT NULL CHECK (measure IN (
        'initial', 'supplement', 'reduction', 'transfer_in', 'transfer_out', 'carryover_in', 'recalled',
        'frozen', 'committed', 'executed', 'refunded', 'carryover_out', 'returned')),
    amount_fen     bigint NOT NULL CHECK (amount_fen <> 0),
    date           date NOT NULL,
    economic_class text COLLATE "C" NOT NULL,
    recorded_at    timestamptz NOT NULL,
    PRIMARY KEY (line, sequence, ordinal)
);
COMMENT ON TABLE posting IS 'The terms of every figure: an amount of one measure on one line. All other figures are caches of sums over this table.';
-- Rows come in the order of the log, batch by batch, and dates run with it.
CREATE INDEX posting_when ON posting USING brin (sequence, date) WITH (pages_per_range = 32, autosummarize = on);

-- Room on the page lets an update stay there and leave the index alone.
CREATE TABLE balance (
    line              text COLLATE "C" PRIMARY KEY,
    initial_fen       bigint NOT NULL DEFAULT 0,
    supplement_fen    bigint NOT NULL DEFAULT 0,
    reduction_fen     bigint NOT NULL DEFAULT 0,
    transfer_in_fen   bigint NOT NULL DEFAULT 0,
    transfer_out_fen  bigint NOT NULL DEFAULT 0,
    carryover_in_fen  bigint NOT NULL DEFAULT 0,
    recalled_fen      bigint NOT NULL DEFAULT 0,
    frozen_fen        bigint NOT NULL DEFAULT 0,
    committed_fen     bigint NOT NULL DEFAULT 0,
    executed_fen      bigint NOT NULL DEFAULT 0,
    refunded_fen      bigint NOT NULL DEFAULT 0,
    carryover_out_fen bigint NOT NULL DEFAULT 0,
    returned_fen      bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
COMMENT ON TABLE balance IS 'The sums of a line''s postings, one column for each measure.';

CREATE TABLE month_total (
    line              text COLLATE "C",
    month             date CHECK (extract(day FROM month) = 1),
    initial_fen       bigint NOT NULL DEFAULT 0,
    supplement_fen    bigint NOT NULL DEFAULT 0,
    reduction_fen     bigint NOT NULL DEFAULT 0,
    transfer_in_fen   bigint NOT NULL DEFAULT 0,
    transfer_out_fen  bigint NOT NULL DEFAULT 0,
    carryover_in_fen  bigint NOT NULL DEFAULT 0,
    recalled_fen      bigint NOT NULL DEFAULT 0,
    frozen_fen        bigint NOT NULL DEFAULT 0,
    committed_fen     bigint NOT NULL DEFAULT 0,
    executed_fen      bigint NOT NULL DEFAULT 0,
    refunded_fen      bigint NOT NULL DEFAULT 0,
    carryover_out_fen bigint NOT NULL DEFAULT 0,
    returned_fen      bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (line, month)
) WITH (fillfactor = 70);
COMMENT ON TABLE month_total IS 'The sums of a line''s postings with a business date in one month.';

CREATE TABLE balance_then (
    sequence          bigint,
    line              text COLLATE "C",
    initial_fen       bigint NOT NULL,
    supplement_fen    bigint NOT NULL,
    reduction_fen     bigint NOT NULL,
    transfer_in_fen   bigint NOT NULL,
    transfer_out_fen  bigint NOT NULL,
    carryover_in_fen  bigint NOT NULL,
    recalled_fen      bigint NOT NULL,
    frozen_fen        bigint NOT NULL,
    committed_fen     bigint NOT NULL,
    executed_fen      bigint NOT NULL,
    refunded_fen      bigint NOT NULL,
    carryover_out_fen bigint NOT NULL,
    returned_fen      bigint NOT NULL,
    PRIMARY KEY (sequence, line)
);
COMMENT ON TABLE balance_then IS 'The whole table balance as it was at some sequences. Figures as known at another one are those at the nearest of these, and the postings in between.';

-- +goose Down
DROP TABLE balance_then, month_total, balance, posting, closing, payment, commitment, line, project, unit, event, checkpoint;
