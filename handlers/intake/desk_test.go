package intake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/handlers/language"
)

func wantCounts(t *testing.T, p intake.Progress, accepted, duplicates, rejected int) {
	t.Helper()
	if p.Accepted != accepted || p.Duplicates != duplicates || p.Rejected != rejected || p.Handled != p.Rows {
		t.Errorf("%d accepted, %d repeated, %d rejected of %d (%d handled); want %d, %d, %d", p.Accepted, p.Duplicates, p.Rejected, p.Rows, p.Handled, accepted, duplicates, rejected)
	}
}

// accounts is a file of 500 payments, seven of which cannot be taken. mended
// are the same ones in order.
func accounts(mended bool) string {
	bad := map[int][2]string{ // by row of the file: what is wrong, what is right
		10: {"L1,1.005,2023-03-01,D10,甲", "L1,1.00,2023-03-01,D10,甲"}, 77: {"L1,1.00,2023-02-30,D77,甲", "L1,1.00,2023-02-28,D77,甲"},
		123: {"L9,1.00,2023-03-01,D123,甲", "L1,1.00,2023-03-01,D123,甲"}, 200: {"L1,1000000.00,2023-03-01,D200,甲", "L1,1.00,2023-03-01,D200,甲"},
		301: {"L1,1.00,2023-03-01,,甲", "L1,1.00,2023-03-01,D301,甲"}, 402: {"L1,-1.00,2023-03-01,D402,甲", "L1,1.00,2023-03-01,D402,甲"},
		501: {"L1,1.00,2023-03-01,D501,=甲", "L1,1.00,2023-03-01,D501,甲"},
	}
	var b strings.Builder
	b.WriteString("指标编码,支付金额,支付日期,凭证号,收款人\n")
	for row := 2; row <= 501; row++ {
		line := fmt.Sprintf("L1,1.00,2023-03-01,D%d,甲", row)
		if pair, is := bad[row]; is {
			if line = pair[0]; mended {
				line = pair[1]
			}
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// TestTheAccountantsFile: 500 rows with seven bad ones. The report names exactly
// the seven cells; the mended file records exactly seven more, whether the whole
// is sent again or only the report.
func TestTheAccountantsFile(t *testing.T) {
	t.Parallel()
	world := open(t)
	world.post(t, append(registers(), opened("L1", "2023", "1000.00")...)...)
	desk := world.desk(t)

	dry := send(t, desk, "支付.csv", []byte(accounts(false)), intake.Options{DryRun: true})
	wantCounts(t, dry.Progress, 493, 0, 7)
	wantLast(t, world, 4)
	wantCells(t, dry, "10 支付金额=1.005 amount_decimals", "77 支付日期=2023-02-30 date_invalid", "123 指标编码=L9 unknown_line",
		"200 支付金额=1000000.00 insufficient_funds", "301 凭证号= field_required", "402 支付金额=-1.00 amount_negative", "501 收款人==甲 cell_formula_text")

	p, err := desk.Record(context.Background(), dry.ID, root)
	recorded := follow(t, desk, p, err)
	wantCounts(t, recorded.Progress, 493, 0, 7)
	wantLast(t, world, 4+493)
	if recorded.Sum != 493*money.Yuan {
		t.Errorf("the sum is %s", recorded.Sum)
	}

	var part bytes.Buffer
	if err := recorded.Write(&part, intake.CSV, language.In(language.Chinese)); err != nil {
		t.Fatal(err)
	}
	if again := send(t, desk, "未记录.csv", part.Bytes(), intake.Options{}); again.Rejected != 7 || again.Rows[0].Problems[0].Column != "支付金额（元）" {
		t.Errorf("the report as it is: %+v", again.Progress)
	}
	mended := send(t, desk, "支付.csv", []byte(accounts(true)), intake.Options{})
	wantCounts(t, mended.Progress, 7, 493, 0)
	wantLast(t, world, 4+500)
	if available(t, world, "L1") != 500*money.Yuan {
		t.Errorf("%s is available", available(t, world, "L1"))
	}
}

func wantLast(t *testing.T, world *books, want uint64) {
	t.Helper()
	if last, err := world.log.Last(context.Background()); err != nil || last != want {
		t.Errorf("the log ends at %d (%v); want %d", last, err, want)
	}
}

func wantCells(t *testing.T, report intake.Report, want ...string) {
	t.Helper()
	var got []string
	for _, row := range report.Rows {
		for _, p := range row.Problems {
			got = append(got, fmt.Sprintf("%d %s=%s %s", row.Number, p.Column, p.Value, p.Refusal.Reason))
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("problems:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func available(t *testing.T, world *books, id events.LineID) money.Amount {
	t.Helper()
	ledger, _ := world.ledger()
	line, _ := ledger.Line(id)
	figures, err := line.Sums.Figures()
	if err != nil {
		t.Fatal(err)
	}
	return figures.Available
}

// TestTheOldestMoneyIsSpentFirst: rows that name a unit and a project are spread
// over vintages, and known again when they are sent again.
func TestTheOldestMoneyIsSpentFirst(t *testing.T) {
	t.Parallel()
	for name, ids := range map[string][4]string{"rows without serial numbers": {}, "rows with serial numbers": {"a", "b", "c", "d"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := open(t)
			world.post(t, append(append(registers(), opened("OLD", "2022", "100.00")...), opened("NEW", "2023", "1000.00")...)...)
			desk := world.desk(t)
			file := func(rows ...string) []byte {
				return []byte("单位,项目,金额,日期,凭证号,流水号\n" + strings.Join(rows, "\n") + "\n")
			}
			rows := []string{"U1,P1,60,2023-03-01,D1," + ids[0], "U1,P1,60,2023-03-01,D2," + ids[1], "U1,P1,5,2023-03-01,D3," + ids[2]}
			first := send(t, desk, "a.csv", file(rows...), intake.Options{})
			wantCounts(t, first.Progress, 3, 0, 0)
			wantLast(t, world, 6+4)
			if available(t, world, "OLD") != 0 || available(t, world, "NEW") != 975*money.Yuan {
				t.Errorf("OLD has %s, NEW %s", available(t, world, "OLD"), available(t, world, "NEW"))
			}
			world.post(t, `carryover.received OLD {"amount":"10.00","date":"2023-04-01","from_year":2022}`)
			again := send(t, desk, "a.csv", file(append(rows, "U1,P1,7,2023-05-01,D4,"+ids[3])...), intake.Options{})
			wantCounts(t, again.Progress, 1, 3, 0)
			if available(t, world, "OLD") != 3*money.Yuan || available(t, world, "NEW") != 975*money.Yuan {
				t.Errorf("OLD has %s, NEW %s", available(t, world, "OLD"), available(t, world, "NEW"))
			}
			changed := send(t, desk, "a.csv", file("U1,P1,61,2023-03-01,D1,"+ids[0]), intake.Options{DryRun: true})
			if ids[0] != "" && (changed.Rejected != 1 || changed.Rows[0].Problems[0].Refusal.Reason != events.ReasonIDReused) {
				t.Errorf("a changed row under the same serial number: %+v", changed.Rows)
			}
		})
	}
}

func TestLinesThatAreNotClear(t *testing.T) {
	t.Parallel()
	world := open(t)
	world.post(t, append(append(registers(), opened("L1", "2022", "100.00")...), opened("L2", "2023", "100.00")...)...)
	world.post(t, `line.opened L3 {"year":2023,"unit":"U1","project":"P1","fund":"unit_funds","vintage":2023,"function_class":"2150501","economic_class":"30201"}`)
	desk := world.desk(t)
	report := send(t, desk, "a.csv", []byte("类型,单位,项目,资金性质,年份来源,经济分类,金额,日期,凭证号,原因\n"+
		"支付,U1,P1,,,,1,2023-03-01,D1,\n"+ // funds differ
		"支付,U1,P1,一般公共预算,,30299,1,2023-03-01,D2,\n"+ // two vintages of one fund: the oldest
		"追加,U1,P1,一般公共预算,,,1,2023-03-01,D3,增支\n"+ // which vintage?
		"追加,U1,P1,一般公共预算,当年,,1,2023-03-01,D4,增支\n"+
		"支付,U1,P1,一般公共预算,上年结转,,1,2023-03-01,D5,\n"+
		"支付,U1,P2,,,,1,2023-03-01,D6,\n"+
		"支付,U1,P1,,,30201,1,2023-03-01,D7,\n"+ // the item's own line, without money
		"支付,U1,,,,,1,2023-03-01,D8,\n"), intake.Options{DryRun: true})
	wantCells(t, report, "2 项目=P1 line_ambiguous", "4 项目=P1 line_ambiguous", "7 项目=P2 line_not_found", "8 金额=1 insufficient_funds", "9 指标编码= line_missing")
}

func TestAllOrNothing(t *testing.T) {
	t.Parallel()
	world := open(t)
	world.post(t, append(registers(), opened("L1", "2023", "10000.00")...)...)
	desk := world.desk(t)
	whole := intake.Options{Mode: commands.AllOrNothing}
	fallen := send(t, desk, "支付.csv", []byte(accounts(false)), whole)
	wantLast(t, world, 4)
	if fallen.Accepted != 0 || fallen.Rejected != 7 || fallen.Rows[0].Status != commands.Withheld {
		t.Errorf("%+v", fallen.Progress)
	}
	var all bytes.Buffer
	if err := fallen.Write(&all, intake.CSV, language.In(language.English)); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(all.String(), "\r\n"); lines < 501 {
		t.Errorf("the report of a file that falls as a whole has %d lines", lines)
	}
	standing := send(t, desk, "支付.csv", []byte(accounts(true)), whole)
	wantCounts(t, standing.Progress, 500, 0, 0)
	wantLast(t, world, 504)
}

// faltering is a recorder that fails some times before it does what it should.
type faltering struct {
	intake.Recorder
	failures atomic.Int32
	err      error
}

func (r *faltering) Submit(ctx context.Context, s commands.Submission) ([]commands.Result, error) {
	if r.failures.Add(-1) >= 0 {
		return nil, r.err
	}
	return r.Recorder.Submit(ctx, s)
}

func TestPassingFailuresAreTriedAgain(t *testing.T) {
	t.Parallel()
	for _, passing := range []error{commands.ErrConflict, commands.ErrOverloaded, commands.ErrOutcomeUnknown, fmt.Errorf("wrapped: %w", commands.ErrLogUnavailable)} {
		recorder := &faltering{Recorder: &taker{}, err: passing}
		recorder.failures.Store(2)
		report := send(t, run(t, intake.Config{Recorder: recorder}), "a.csv", []byte(plain), intake.Options{})
		if report.Stage != intake.Done || report.Accepted != 1 {
			t.Errorf("%v: %+v", passing, report.Progress)
		}
	}
}

func TestAFailureIsToldAndNotTheRowsFault(t *testing.T) {
	t.Parallel()
	recorder := &faltering{Recorder: &taker{}, err: commands.ErrStopped}
	recorder.failures.Store(1)
	report := send(t, run(t, intake.Config{Recorder: recorder}), "a.csv", []byte(plain), intake.Options{})
	if report.Stage != intake.Failed || report.Problem.Reason != intake.ReasonInterrupted || report.Rows[0].Status != "" {
		t.Errorf("%+v", report)
	}
}

// held is a recorder that answers when it is let.
type held struct{ let chan struct{} }

func (r *held) Submit(ctx context.Context, s commands.Submission) ([]commands.Result, error) {
	select {
	case <-r.let:
		return make([]commands.Result, len(s.Items)), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestOnlySoManyImportsAreUnderWay(t *testing.T) {
	t.Parallel()
	recorder := &held{make(chan struct{})}
	desk := run(t, intake.Config{Recorder: recorder})
	upload := intake.Upload{Name: "a.csv", Body: []byte(plain), By: root}
	for range intake.MaxUnderWay {
		if _, err := desk.Start(context.Background(), upload); err != nil {
			t.Fatal(err)
		}
	}
	_, err := desk.Start(context.Background(), upload)
	if refusal := events.AsRefusal(err); refusal == nil || refusal.Reason != intake.ReasonImportBusy {
		t.Errorf("one more: %v", err)
	}
	close(recorder.let)
	for _, p := range desk.Recent(root) {
		if _, err := desk.Wait(context.Background(), p.ID, root); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := desk.Start(context.Background(), upload); err != nil {
		t.Errorf("when they are done: %v", err)
	}
}

func TestTheEndOfTheDeskEndsItsImports(t *testing.T) {
	t.Parallel()
	desk := intake.New(intake.Config{Recorder: &held{make(chan struct{})}})
	p, err := desk.Start(context.Background(), intake.Upload{Name: "a.csv", Body: []byte(plain), By: root})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := desk.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("run ends with %v", err)
	}
	if p, _ = desk.Find(p.ID, root); p.Stage != intake.Failed {
		t.Errorf("the import is %s", p.Stage)
	}
	if _, err := desk.Start(context.Background(), intake.Upload{Name: "a.csv", Body: []byte(plain), By: root}); events.AsRefusal(err) == nil {
		t.Errorf("an import of a desk that ended: %v", err)
	}
}

func TestImportsAreTheirOwners(t *testing.T) {
	t.Parallel()
	desk := run(t, intake.Config{Recorder: &taker{}})
	report := send(t, desk, "a.csv", []byte(plain), intake.Options{DryRun: true})
	for _, other := range []access.Principal{{Name: "other"}, {Name: root.Name}} {
		if _, ok := desk.Find(report.ID, other); ok {
			t.Errorf("%+v finds it", other)
		}
		if _, ok := desk.Report(report.ID, other); ok || len(desk.Recent(other)) > 0 {
			t.Errorf("%+v reads it", other)
		}
		if _, err := desk.Record(context.Background(), report.ID, other); events.AsRefusal(err).Reason != intake.ReasonImportGone {
			t.Errorf("%+v records it: %v", other, err)
		}
	}
	recorded := send(t, desk, "a.csv", []byte(plain), intake.Options{})
	if _, err := desk.Record(context.Background(), recorded.ID, root); events.AsRefusal(err).Reason != intake.ReasonImportUnready {
		t.Errorf("what was recorded is recorded: %v", err)
	}
}

func TestOldImportsAreForgotten(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	desk := run(t, intake.Config{Recorder: &taker{}, Now: func() time.Time { return time.Unix(now.Load(), 0) }})
	first := send(t, desk, "a.csv", []byte(plain), intake.Options{})
	for range intake.MaxKept {
		send(t, desk, "a.csv", []byte(plain), intake.Options{})
	}
	if _, ok := desk.Find(first.ID, root); ok || len(desk.Recent(root)) != intake.MaxKept {
		t.Errorf("%d imports are kept", len(desk.Recent(root)))
	}
	now.Add(int64(intake.MaxAge/time.Second) + 1)
	send(t, desk, "a.csv", []byte(plain), intake.Options{})
	if kept := len(desk.Recent(root)); kept != 1 {
		t.Errorf("%d imports are kept after a day", kept)
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	all, _ := read(t, "a.csv", []byte(plain), intake.Options{Source: "/import/treasury"})
	if all[0].Source != "/import/treasury" {
		t.Errorf("the source is %s", all[0].Source)
	}
	_, err := run(t, intake.Config{}).Start(context.Background(), intake.Upload{Name: "a.csv", Body: []byte(plain), By: root, Options: intake.Options{Source: "outturn/review"}})
	if refusal := events.AsRefusal(err); refusal == nil || refusal.Reason != intake.ReasonReserved {
		t.Errorf("the program's own source: %v", err)
	}
}

// stopping is a recorder that stops for good after some pieces.
type stopping struct {
	intake.Recorder
	left atomic.Int32
}

func (r *stopping) Submit(ctx context.Context, s commands.Submission) ([]commands.Result, error) {
	if r.left.Add(-1) < 0 {
		return nil, commands.ErrStopped
	}
	return r.Recorder.Submit(ctx, s)
}

// TestAnImportThatWasInterruptedIsCompletedByASecondRun, also one that was to
// stand or fall as a whole and is larger than what can be recorded at once.
func TestAnImportThatWasInterruptedIsCompletedByASecondRun(t *testing.T) {
	t.Parallel()
	for _, mode := range []commands.Mode{commands.EachAlone, commands.AllOrNothing} {
		world := open(t)
		world.post(t, append(registers(), opened("L1", "2023", "10000.00")...)...)
		var body strings.Builder
		body.WriteString("指标编码,金额,日期,凭证号\n")
		for i := range 2*intake.Piece + 500 {
			fmt.Fprintf(&body, "L1,1,2023-03-01,D%d\n", i)
		}
		recorder := &stopping{Recorder: world.recorder}
		recorder.left.Store(2)
		desk := run(t, intake.Config{Recorder: recorder, Reader: world})
		first := send(t, desk, "a.csv", []byte(body.String()), intake.Options{Mode: mode})
		done := first.Accepted
		if first.Stage != intake.Failed || done < intake.Piece || done >= first.Progress.Rows {
			t.Fatalf("%+v", first.Progress)
		}
		second := send(t, world.desk(t), "a.csv", []byte(body.String()), intake.Options{Mode: mode})
		wantCounts(t, second.Progress, first.Progress.Rows-done, done, 0)
		wantLast(t, world, uint64(4+first.Progress.Rows))
	}
}

// proposing is a recorder that wants a second person for everything, and warns.
type proposing struct{}

func (proposing) Submit(_ context.Context, s commands.Submission) ([]commands.Result, error) {
	results := make([]commands.Result, len(s.Items))
	for i := range results {
		results[i] = commands.Result{Status: commands.Proposed, Sequence: 7, Proposal: "p-1",
			Warnings: []*events.Refusal{events.Refuse(events.CodeInsufficientFunds, events.ReasonInsufficientFunds, "/data/amount")}}
	}
	return results, nil
}

func TestRowsThatWaitForASecondPerson(t *testing.T) {
	t.Parallel()
	report := send(t, run(t, intake.Config{Recorder: proposing{}}), "a.csv", []byte(plain), intake.Options{})
	row := report.Rows[0]
	if report.Proposed != 1 || report.Accepted != 0 || report.Sum != 0 || row.Proposal != "p-1" || len(row.Warnings) != 1 ||
		row.Warnings[0].Column != "金额" || row.Warnings[0].Value != "1,000.00" || row.Warnings[0].Refusal.Where != "" {
		t.Errorf("%+v %+v", report.Progress, row)
	}
}
