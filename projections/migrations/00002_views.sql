-- The documented SQL surface (docs/sql-views.md): people's own tools read these
-- views and nothing else. Their names and columns stay.

-- +goose Up

CREATE VIEW execution_by_line AS
SELECT l.year, l.id AS line, l.name AS line_name, l.unit, u.name AS unit_name, l.project, p.name AS project_name,
       p.kind, l.fund, l.vintage, l.source, l.function_class, l.economic_class,
       f.*, y.*, r.*
FROM line l
JOIN balance b ON b.line = l.id
LEFT JOIN unit u ON u.id = l.unit
LEFT JOIN project p ON p.year = l.year AND p.id = l.project
CROSS JOIN LATERAL (
    SELECT b.initial_fen,
           b.initial_fen + b.supplement_fen + b.transfer_in_fen + b.carryover_in_fen
               - b.reduction_fen - b.transfer_out_fen - b.recalled_fen AS full_year_fen,
           b.frozen_fen, b.committed_fen,
           b.executed_fen - b.refunded_fen AS executed_fen,
           b.initial_fen + b.supplement_fen + b.transfer_in_fen + b.carryover_in_fen
               - b.reduction_fen - b.transfer_out_fen - b.recalled_fen
               - b.frozen_fen - b.committed_fen - (b.executed_fen - b.refunded_fen)
               - b.carryover_out_fen - b.returned_fen AS available_fen) f
CROSS JOIN LATERAL (
    SELECT (f.initial_fen / 100.0)::numeric(20, 2) AS initial_yuan, (f.full_year_fen / 100.0)::numeric(20, 2) AS full_year_yuan,
           (f.frozen_fen / 100.0)::numeric(20, 2) AS frozen_yuan, (f.committed_fen / 100.0)::numeric(20, 2) AS committed_yuan,
           (f.executed_fen / 100.0)::numeric(20, 2) AS executed_yuan, (f.available_fen / 100.0)::numeric(20, 2) AS available_yuan) y
CROSS JOIN LATERAL (
    SELECT f.executed_fen * 100.0 / nullif(f.full_year_fen, 0) AS rate_percent,
           f.executed_fen * 100.0 / nullif(f.initial_fen, 0) AS rate_initial_percent) r;
COMMENT ON VIEW execution_by_line IS 'Budget execution of each budget line (预算指标).';

-- What a month adds to the figures; the rest has the same columns as above.
CREATE VIEW execution_by_month AS
SELECT s.year, s.month, f.*, y.*
FROM (
    SELECT l.year, m.month,
           sum(m.initial_fen)::bigint AS initial_fen,
           sum(m.initial_fen + m.supplement_fen + m.transfer_in_fen + m.carryover_in_fen
               - m.reduction_fen - m.transfer_out_fen - m.recalled_fen)::bigint AS full_year_fen,
           sum(m.frozen_fen)::bigint AS frozen_fen,
           sum(m.committed_fen)::bigint AS committed_fen,
           sum(m.executed_fen - m.refunded_fen)::bigint AS executed_fen,
           sum(m.carryover_out_fen + m.returned_fen)::bigint AS gone_fen
    FROM month_total m JOIN line l ON l.id = m.line
    GROUP BY l.year, m.month) s
CROSS JOIN LATERAL (
    SELECT s.initial_fen, s.full_year_fen, s.frozen_fen, s.committed_fen, s.executed_fen,
           s.full_year_fen - s.frozen_fen - s.committed_fen - s.executed_fen - s.gone_fen AS available_fen) f
CROSS JOIN LATERAL (
    SELECT (f.initial_fen / 100.0)::numeric(20, 2) AS initial_yuan, (f.full_year_fen / 100.0)::numeric(20, 2) AS full_year_yuan,
           (f.frozen_fen / 100.0)::numeric(20, 2) AS frozen_yuan, (f.committed_fen / 100.0)::numeric(20, 2) AS committed_yuan,
           (f.executed_fen / 100.0)::numeric(20, 2) AS executed_yuan, (f.available_fen / 100.0)::numeric(20, 2) AS available_yuan) y;
COMMENT ON VIEW execution_by_month IS 'What each month added to the figures, by business date. The sum over a year''s months is the year''s figure.';

-- The other views are execution_by_line, summed by other columns.
-- +goose StatementBegin
DO $$
DECLARE
    v record;
BEGIN
    FOR v IN SELECT * FROM (VALUES
        ('project', 'project, project_name, kind', 'Budget execution of each project (项目) or basic expenditure (基本支出).'),
        ('unit', 'unit, unit_name', 'Budget execution of each budget unit''s own lines (预算单位); those of the units under it are not in it.'),
        ('fund', 'fund', 'Budget execution of each fund (资金性质).'),
        ('source', 'source', 'Budget execution of each fund row of self-evaluation forms: 当年财政拨款, 上年结转资金, 其他资金.'),
        ('function', 'function_class', 'Budget execution of each functional class (支出功能分类).'),
        ('economic', 'economic_class', 'Budget execution of each economic class (支出经济分类) of the budget lines.')
    ) AS cut (name, keys, says)
    LOOP
        EXECUTE format($view$
            CREATE VIEW execution_by_%1$s AS
            SELECT s.*, y.*, r.*
            FROM (
                SELECT year, %2$s,
                       sum(initial_fen)::bigint AS initial_fen, sum(full_year_fen)::bigint AS full_year_fen,
                       sum(frozen_fen)::bigint AS frozen_fen, sum(committed_fen)::bigint AS committed_fen,
                       sum(executed_fen)::bigint AS executed_fen, sum(available_fen)::bigint AS available_fen
                FROM execution_by_line
                GROUP BY year, %2$s) s
            CROSS JOIN LATERAL (
                SELECT (s.initial_fen / 100.0)::numeric(20, 2) AS initial_yuan, (s.full_year_fen / 100.0)::numeric(20, 2) AS full_year_yuan,
                       (s.frozen_fen / 100.0)::numeric(20, 2) AS frozen_yuan, (s.committed_fen / 100.0)::numeric(20, 2) AS committed_yuan,
                       (s.executed_fen / 100.0)::numeric(20, 2) AS executed_yuan, (s.available_fen / 100.0)::numeric(20, 2) AS available_yuan) y
            CROSS JOIN LATERAL (
                SELECT s.executed_fen * 100.0 / nullif(s.full_year_fen, 0) AS rate_percent,
                       s.executed_fen * 100.0 / nullif(s.initial_fen, 0) AS rate_initial_percent) r
            $view$, v.name, v.keys);
        EXECUTE format('COMMENT ON VIEW execution_by_%s IS %L', v.name, v.says);
    END LOOP;
END
$$;
-- +goose StatementEnd

-- One comment for each column name, wherever it stands.
-- +goose StatementBegin
DO $$
DECLARE
    c record;
BEGIN
    FOR c IN
        SELECT a.attrelid::regclass AS view, a.attname AS col, says.text
        FROM (VALUES
            ('year', 'fiscal year (预算年度)'),
            ('month', 'first day of the month'),
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
            ('function_class', 'functional class, 3, 5 or 7 digits'),
            ('economic_class', 'economic class of the line, 3 or 5 digits'),
            ('initial_fen', 'initial budget (年初预算数), fen'),
            ('full_year_fen', 'full-year budget (全年预算数), fen'),
            ('frozen_fen', 'frozen (冻结), fen'),
            ('committed_fen', 'taken up by commitments (合同占用), fen'),
            ('executed_fen', 'executed (全年执行数): paid less refunded, fen'),
            ('available_fen', 'available balance (可用余额), fen'),
            ('initial_yuan', 'initial budget, yuan'),
            ('full_year_yuan', 'full-year budget, yuan'),
            ('frozen_yuan', 'frozen, yuan'),
            ('committed_yuan', 'taken up by commitments, yuan'),
            ('executed_yuan', 'executed, yuan'),
            ('available_yuan', 'available balance, yuan'),
            ('rate_percent', 'execution rate (执行率): executed / full-year budget in percent, not rounded for print; null without a budget'),
            ('rate_initial_percent', 'executed / initial budget in percent, not rounded for print; null without one')
        ) AS says (col, text)
        JOIN pg_attribute a ON a.attname = says.col AND a.attnum > 0
        JOIN pg_class k ON k.oid = a.attrelid AND k.relkind = 'v' AND k.relnamespace = current_schema()::regnamespace
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', c.view, c.col, c.text);
    END LOOP;
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP VIEW execution_by_project, execution_by_unit, execution_by_fund, execution_by_source, execution_by_function,
    execution_by_economic, execution_by_month, execution_by_line;
