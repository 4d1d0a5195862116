package web_test

import (
	"cmp"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/web"
	"github.com/outturn/outturn/projections"
)

// desk is a world whose lines, commitments and payments can be looked up.
type desk struct {
	*world
	reader deskReader
}

// newDesk is the example year with people and rules, a commitment and a refund.
func newDesk(t *testing.T) desk {
	t.Helper()
	w := newWorld(t)
	w.post(operator,
		`commitment.made yueyang-2023-04-a {"commitment":"HT-2023-07","amount":"60000.00","date":"2023-03-01","counterparty":"湖南理工学院","document":"培训合同"}`,
		`disbursement.paid yueyang-2023-04-a {"amount":"20000.00","date":"2023-04-02","document":"凭证 31","payee":"湖南理工学院","purpose":"第一期培训","commitment":"HT-2023-07"}`)
	w.take(operator, `{"specversion":"1.0","id":"paid-once","source":"/test","type":"outturn.disbursement.paid.v1","subject":"yueyang-2023-04-a","data":{"amount":"9000.00","date":"2023-05-06","document":"凭证 52","payee":"岳阳市印刷厂","purpose":"教材"}}`)
	return desk{w, deskReader{w.ledger}}
}

// as serves the desk to somebody.
func (d desk) as(by access.Principal, change ...func(*web.Config)) string {
	d.t.Helper()
	config := web.Config{Reader: d.reader, Desk: d.reader, Recorder: d.recorder, Now: officeNow, Logger: quietLogger()}
	for _, one := range change {
		one(&config)
	}
	pages := web.New(config)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { pages.ServeHTTP(rw, auth.With(r, by)) }))
	d.t.Cleanup(server.Close)
	return server.URL
}

// deskReader looks up what the ledger holds.
type deskReader struct{ *ledger }

var _ projections.DeskReader = deskReader{}

func (r deskReader) FindLines(ctx context.Context, search projections.LineSearch) ([]projections.LineView, error) {
	_, all, err := r.Lines(ctx, projections.Query{Year: cmp.Or(search.Year, 2023)})
	all = slices.DeleteFunc(all, func(view projections.LineView) bool {
		text := strings.ToLower(string(view.Line.ID) + " " + string(view.Line.Name) + " " + string(view.ProjectName) + " " + string(view.UnitName))
		within := search.Within == nil || slices.ContainsFunc(search.Within, func(unit events.UnitID) bool { return r.read().under(view.Line.Unit, unit) })
		return !within || slices.ContainsFunc(strings.Fields(strings.ToLower(search.Text)), func(word string) bool { return !strings.Contains(text, word) })
	})
	slices.SortStableFunc(all, func(a, b projections.LineView) int { return cmp.Compare(a.Line.Vintage, b.Line.Vintage) })
	return all[:min(len(all), search.Limit)], err
}

func (r deskReader) Commitments(ctx context.Context, q projections.CommitmentQuery) (projections.CommitmentsPage, error) {
	var found []projections.CommitmentView
	at := func(line string, id events.CommitmentID) *projections.CommitmentView {
		i := slices.IndexFunc(found, func(one projections.CommitmentView) bool {
			return one.Key == budget.CommitmentKey{Line: events.LineID(line), ID: id}
		})
		if i < 0 {
			return &projections.CommitmentView{}
		}
		return &found[i]
	}
	for _, view := range r.read().events {
		switch data := view.Event.Data.(type) {
		case events.CommitmentMade:
			line, err := r.Line(ctx, events.LineID(view.Event.Subject), projections.AsOf{})
			if err != nil {
				return projections.CommitmentsPage{}, err
			}
			found = append(found, projections.CommitmentView{
				Key: budget.CommitmentKey{Line: line.Line.ID, ID: data.Commitment}, Commitment: budget.Commitment{Amount: data.Amount},
				Line: line, Made: view.Event.Sequence, Date: data.Date, Counterparty: data.Counterparty, Document: data.Document,
			})
		case events.CommitmentChanged:
			at(view.Event.Subject, data.Commitment).Commitment.Amount = data.Amount
		case events.CommitmentReleased:
			at(view.Event.Subject, data.Commitment).Commitment.Released = true
		case events.DisbursementPaid:
			at(view.Event.Subject, data.Commitment).Commitment.Used += data.Amount
		}
	}
	found = slices.DeleteFunc(found, func(one projections.CommitmentView) bool {
		return q.Line != "" && one.Key.Line != q.Line || q.OpenOnly && one.Commitment.Left() == 0
	})
	return projections.CommitmentsPage{Rows: found}, nil
}

func (r deskReader) Payment(_ context.Context, key budget.PaymentKey) (projections.PaymentView, error) {
	view, found := projections.PaymentView{Key: key}, false
	var refunded money.Amount
	for _, one := range r.read().events {
		switch data := one.Event.Data.(type) {
		case events.DisbursementPaid:
			if one.Event.ID == key.ID && one.Event.Subject == string(key.Line) {
				view.Paid, view.Payment.Amount, found = one.Event, data.Amount, true
			}
		case events.DisbursementRefunded:
			if data.Payment == key.ID {
				refunded += data.Amount
			}
		}
	}
	view.Payment.Refunded = refunded
	if !found {
		return view, projections.ErrNotFound
	}
	return view, nil
}

func (r deskReader) Carryover(context.Context, fiscal.Year, []events.UnitID) (projections.Carryover, error) {
	return projections.Carryover{}, nil // no page of the desk reads it
}
