-- What writers recall and what the finance desk looks up; the view of carryover.

-- +goose Up

-- Users are what events may be about, too.
ALTER TABLE event DROP CONSTRAINT event_subject_kind_check;
ALTER TABLE event ADD CONSTRAINT event_subject_kind_check CHECK (subject_kind IN ('unit', 'project', 'line', 'user'));

-- Payments are nearly all events and are found by their line; all other types
-- are few enough for an index.
CREATE INDEX event_type ON event (type, sequence) WHERE type <> 'outturn.disbursement.paid.v1';

-- A commitment's event has a posting, so event_subject does not know it.
CREATE INDEX event_commitment ON event (subject) WHERE type = 'outturn.commitment.made.v1';

-- +goose StatementBegin
CREATE FUNCTION proposal_of(body bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT convert_from(body, 'UTF8')::jsonb #>> '{data,proposal}' $$;
-- +goose StatementEnd
COMMENT ON FUNCTION proposal_of IS 'The code of the proposal that an event of proposal.* is about.';
CREATE INDEX event_proposal ON event (proposal_of(body), sequence) WHERE type IN (
    'outturn.proposal.made.v1', 'outturn.proposal.approved.v1', 'outturn.proposal.declined.v1', 'outturn.proposal.withdrawn.v1');

ALTER TABLE commitment ADD CONSTRAINT commitment_used_check CHECK (used_fen BETWEEN 0 AND amount_fen);
ALTER TABLE payment ADD CONSTRAINT payment_refunded_check CHECK (refunded_fen BETWEEN 0 AND amount_fen);
COMMENT ON TABLE commitment IS 'Money of a line taken up by a contract (合同占用), how much of it is paid, and whether the rest was released.';
COMMENT ON TABLE payment IS 'What may still be refunded or corrected of a payment, by the line that it counts for and the id of its event. Once it is moved, it counts for another line.';

CREATE VIEW carryover_by_line AS
SELECT l.year, l.id AS line, l.name AS line_name, l.unit, u.name AS unit_name, l.project, p.name AS project_name,
       p.kind, l.fund, l.vintage, l.source, f.*, y.*,
       make_date(l.vintage + 1, 12, 31) AS lapses_on
FROM line l
JOIN balance b ON b.line = l.id
LEFT JOIN unit u ON u.id = l.unit
LEFT JOIN project p ON p.year = l.year AND p.id = l.project
CROSS JOIN LATERAL (
    SELECT b.initial_fen + b.supplement_fen + b.transfer_in_fen + b.carryover_in_fen
               - b.reduction_fen - b.transfer_out_fen - b.recalled_fen
               - (b.executed_fen - b.refunded_fen) AS unspent_fen) s
CROSS JOIN LATERAL (
    SELECT b.carryover_in_fen AS received_fen, s.unspent_fen, b.carryover_out_fen AS sent_fen, b.returned_fen,
           s.unspent_fen - b.carryover_out_fen - b.returned_fen AS unsettled_fen) f
CROSS JOIN LATERAL (
    SELECT (f.received_fen / 100.0)::numeric(20, 2) AS received_yuan, (f.unspent_fen / 100.0)::numeric(20, 2) AS unspent_yuan,
           (f.sent_fen / 100.0)::numeric(20, 2) AS sent_yuan, (f.returned_fen / 100.0)::numeric(20, 2) AS returned_yuan,
           (f.unsettled_fen / 100.0)::numeric(20, 2) AS unsettled_yuan) y;
COMMENT ON VIEW carryover_by_line IS 'What of each budget line is not spent, and what became of it: carried over (结转), returned (结余上缴), or not settled yet.';

-- +goose StatementBegin
DO $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT * FROM (VALUES
        ('year', 'fiscal year (预算年度)'),
        ('line', 'code of the budget line'),
        ('line_name', 'name of the budget line; may be empty'),
        ('unit', 'code of the budget unit'),
        ('unit_name', 'name of the budget unit'),
        ('project', 'code of the project'),
        ('project_name', 'name of the project'),
        ('kind', 'project 项目 or basic 基本支出'),
        ('fund', 'general_public, government_fund, state_capital, social_insurance, special_account or unit_funds'),
        ('vintage', 'fiscal year that the money was first budgeted in; before year means carryover'),
        ('source', 'current_appropriation 当年财政拨款, carryover 上年结转资金 or other 其他资金'),
        ('received_fen', 'carried over from an earlier year (上年结转), fen'),
        ('unspent_fen', 'full-year budget less executed, fen'),
        ('sent_fen', 'carried over to a later year (结转下年), fen'),
        ('returned_fen', 'returned to finance (结余上缴), fen'),
        ('unsettled_fen', 'unspent, neither carried over nor returned yet, fen'),
        ('received_yuan', 'carried over from an earlier year, yuan'),
        ('unspent_yuan', 'full-year budget less executed, yuan'),
        ('sent_yuan', 'carried over to a later year, yuan'),
        ('returned_yuan', 'returned to finance, yuan'),
        ('unsettled_yuan', 'unspent, neither carried over nor returned yet, yuan'),
        ('lapses_on', 'last day on which the money may be used: the last of the year after the vintage; finance takes back what is left')
    ) AS says (col, text)
    LOOP
        EXECUTE format('COMMENT ON COLUMN carryover_by_line.%I IS %L', c.col, c.text);
    END LOOP;
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP VIEW carryover_by_line;
ALTER TABLE payment DROP CONSTRAINT payment_refunded_check;
ALTER TABLE commitment DROP CONSTRAINT commitment_used_check;
DROP INDEX event_proposal, event_commitment, event_type;
DROP FUNCTION proposal_of;
-- Users stay among what events may be about: there may be such events.
