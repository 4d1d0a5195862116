package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/language"
)

// maxOfficeForm bounds the bytes of a sent form without a file.
const maxOfficeForm = 64 << 10

// officeSource is the source of the events that the office's forms record.
const officeSource = "/office"

// FieldKind is what a field of a form is filled with.
type FieldKind string

// The kinds of fields.
const (
	FieldText   FieldKind = "text"
	FieldDate   FieldKind = "date"
	FieldAmount FieldKind = "amount"
	FieldNote   FieldKind = "note"
	FieldSelect FieldKind = "select"
	FieldChecks FieldKind = "checks" // any number of choices
)

// OfficeField is a field of a form: as it was typed, and what is wrong with it.
type OfficeField struct {
	Name, Label, Hint string
	Kind              FieldKind
	Value, Wrong      string
	Choices           []Choice
	Optional          bool
	// At is where in an event the field stands, if that is not its data.
	At string
}

// isAt says whether a place in an event is the field's.
func (f *OfficeField) isAt(where string) bool {
	if f.At != "" {
		return where == f.At
	}
	at := "/data/" + f.Name
	return where == at || strings.HasPrefix(where, at+"/")
}

// OfficeForm is a form that records an event.
type OfficeForm struct {
	Action, Button string
	// Grave marks what cannot simply be taken back.
	Grave  bool
	Key    string // the event's id, so that a form sent twice is recorded once
	Fields []*OfficeField
	// Wrong leads to what is wrong; a link without an address is about the whole.
	Wrong []Link
}

func (f *OfficeForm) field(name string) *OfficeField {
	i := slices.IndexFunc(f.Fields, func(one *OfficeField) bool { return one.Name == name })
	if i < 0 {
		return &OfficeField{}
	}
	return f.Fields[i]
}

// value is what a field holds, without the space around it.
func (f *OfficeForm) value(name string) string { return strings.TrimSpace(f.field(name).Value) }

// read takes down what was typed, and says which fields are missing.
func (f *OfficeForm) read(v *visit) {
	if key := v.PostForm.Get("key"); isKey(key) {
		f.Key = key
	}
	for _, field := range f.Fields {
		field.Value = strings.ReplaceAll(v.PostForm.Get(field.Name), "\r\n", "\n")
		sent := v.PostForm[field.Name]
		for i := range field.Choices {
			field.Choices[i].On = slices.Contains(sent, field.Choices[i].Value)
		}
		if !field.Optional && strings.TrimSpace(field.Value) == "" {
			f.refuse(field, v.Text("office.required", "field", field.Label))
		}
	}
}

func isKey(key string) bool {
	return key != "" && len(key) <= events.MaxCode && !strings.ContainsFunc(key, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func (f *OfficeForm) refuse(field *OfficeField, text string) {
	field.Wrong = text
	f.Wrong = append(f.Wrong, Link{Label: text, Href: "#o-" + field.Name})
}

// say tells a refusal beside the field that it is about, or about the whole.
func (f *OfficeForm) say(v *visit, refusal *events.Refusal) {
	for _, field := range f.Fields {
		if field.isAt(refusal.Where) {
			f.refuse(field, v.bare(refusal, cmp.Or(strings.TrimPrefix(field.At, "/"), field.Name), field.Label))
			return
		}
	}
	text := v.bare(refusal)
	if refusal.Code == events.CodeIDReused {
		f.Key, text = rand.Text(), v.Text("office.sent_before")
	}
	f.Wrong = append(f.Wrong, Link{Label: text})
}

// bare tells a refusal without the place in the event, which nobody sees here.
// Parameters that read as one of the names are told as the text behind it.
func (v *visit) bare(refusal *events.Refusal, names ...string) string {
	placeless := *refusal
	placeless.Where, placeless.Params = "", maps.Clone(refusal.Params)
	for i := 0; i+1 < len(names); i += 2 {
		if placeless.Params["field"] == names[i] {
			placeless.Params["field"] = names[i+1]
		}
	}
	return v.Refusal(&placeless)
}

// data is what the fields say, by their names; empty ones are left out.
func (f *OfficeForm) data(names ...string) map[string]any {
	data := map[string]any{}
	for _, name := range names {
		field := f.field(name)
		value := strings.TrimSpace(field.Value)
		switch {
		case field.Kind == FieldChecks:
			var chosen []string
			for _, choice := range field.Choices {
				if choice.On {
					chosen = append(chosen, choice.Value)
				}
			}
			data[name] = chosen
		case value == "":
		case field.Kind == FieldAmount:
			data[name] = plainAmount(value)
		case field.Kind == FieldDate:
			data[name] = width.Narrow.String(value)
		default:
			data[name] = value
		}
	}
	return data
}

// plainAmount writes an amount as events do: without separators, signs of the
// currency and full-width digits.
func plainAmount(typed string) string {
	return strings.NewReplacer(",", "", " ", "", "¥", "", "元", "").Replace(width.Narrow.String(typed))
}

// officeTask is a form with what it is about and the event that it makes.
type officeTask struct {
	page *TaskPage
	// event is what the form says; it is asked for once nothing is missing.
	event func(f *OfficeForm) officeEvent
	// next is where to go when it is recorded, unless done makes a page of it.
	next string
	keep address
	done func(result commands.Result) (page, error)
}

// officeEvent is an event as a form says it.
type officeEvent struct {
	data    events.Data // of the type; its content is in members
	subject string
	members map[string]any
}

// TaskPage is a page with one form of the office, or one that only tells.
type TaskPage struct {
	Office
	Back    Link
	Lead    []string
	Warning string
	Facts   []Fact
	// Balance is the line of a proposal before and after it.
	Balance *Balance
	Form    *OfficeForm
	// Others are other things to do with it.
	Others []Link
	answer int
}

func (*TaskPage) template() string { return "officetask" }
func (p *TaskPage) status() int {
	if p.answer == 0 {
		return http.StatusOK
	}
	return p.answer
}

// task serves a form and takes what is sent.
func (s *server) task(mux *http.ServeMux, path string, build func(*visit) (*officeTask, page, error)) {
	mux.Handle("GET "+path, s.page(func(v *visit) (page, error) {
		t, other, err := build(v)
		if err != nil || other != nil {
			return other, err
		}
		return t.page, v.filters.end()
	}))
	mux.Handle("POST "+path, http.MaxBytesHandler(s.action(func(v *visit) (string, page, error) {
		if err := v.ParseForm(); err != nil {
			return "", v.tooMuch(err), nil
		}
		t, other, err := build(v)
		if err != nil || other != nil {
			return "", other, err
		}
		return s.carryOut(v, t)
	}), maxOfficeForm))
}

// carryOut records what a form says.
func (s *server) carryOut(v *visit, t *officeTask) (next string, p page, err error) {
	form := t.page.Form
	if form == nil || t.event == nil {
		return "", s.refuseRoles(v, events.Poster, events.Approver, events.Admin), nil
	}
	form.read(v)
	if len(form.Wrong) == 0 {
		result, refusal, status := s.enter(v, form.Key, t.event(form))
		if refusal == nil && t.done != nil {
			p, err = t.done(result)
			return "", p, err
		}
		if refusal == nil {
			return t.keep.with(recordedParameter, strconv.FormatUint(result.Sequence, 10)).at(t.next), nil, nil
		}
		form.say(v, refusal)
		t.page.answer = status
	}
	if t.page.answer == 0 {
		t.page.answer = http.StatusUnprocessableEntity
	}
	t.page.Failed = true
	return "", t.page, nil
}

// enter records an event that a form says, in the name of whoever sent it. A
// refusal comes with the answer's status.
func (s *server) enter(v *visit, key string, what officeEvent) (commands.Result, *events.Refusal, int) {
	event, err := officeParse(key, what)
	if refusal := events.AsRefusal(err); refusal != nil {
		return commands.Result{}, refusal, http.StatusUnprocessableEntity
	}
	if err != nil {
		return commands.Result{}, events.Refuse(commands.CodeInternal, commands.ReasonInternal, "", "problem", err.Error()), http.StatusInternalServerError
	}
	result, err := s.submitOne(v.Context(), commands.Submission{By: s.officer(v).by, Items: []commands.Item{{Event: event}}})
	switch {
	case err != nil:
		return result, s.unrecorded(v, err), http.StatusServiceUnavailable
	case result.Status == commands.Rejected && result.Refusal.Code == "forbidden":
		return result, result.Refusal, http.StatusForbidden
	case result.Status == commands.Rejected:
		return result, result.Refusal, http.StatusUnprocessableEntity
	}
	return result, nil, http.StatusOK
}

// officeParse makes the event that a form says.
func officeParse(key string, what officeEvent) (events.Event, error) {
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": key, "source": officeSource, "type": what.data.Type(), "subject": what.subject, "data": what.members,
	})
	if err != nil {
		return events.Event{}, err
	}
	return events.Parse(raw)
}

// submitOne submits one event.
func (s *server) submitOne(ctx context.Context, submission commands.Submission) (commands.Result, error) {
	results, err := s.Recorder.Submit(ctx, submission)
	if err != nil {
		return commands.Result{}, err
	}
	return results[0], nil
}

// unrecorded says why an event could not be recorded at this moment.
func (s *server) unrecorded(v *visit, err error) *events.Refusal {
	refusal := commands.Refusal(err)
	switch {
	case refusal != nil && refusal.Reason != commands.ReasonLogUnavailable:
		return refusal
	case refusal == nil && errors.Is(err, context.DeadlineExceeded):
		return events.Refuse(commands.CodeLogUnavailable, commands.ReasonOutcomeUnknown, "")
	}
	s.Logger.ErrorContext(v.Context(), "the event of a form was not recorded", "error", err, "path", v.URL.Path)
	return events.Refuse(commands.CodeLogUnavailable, commands.ReasonLogUnavailable, "")
}

// action serves what take makes of a sent form: an address to go on to, or a
// page.
func (s *server) action(take func(*visit) (next string, p page, err error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), actionTimeout)
		defer cancel()
		v := s.visitOf(r.WithContext(ctx))
		next, p, err := take(v)
		status := statusOf(p)
		switch {
		case err == nil && next != "":
			http.Redirect(w, r, next, http.StatusSeeOther)
			return
		case err != nil && r.Context().Err() != nil:
			return // nobody is there to read it
		case err != nil:
			p, status = s.problem(v, err, w.Header().Get(RequestIDHeader))
		}
		if _, secret := p.(*SecretPage); secret {
			w.Header().Set("Cache-Control", "no-store")
		}
		s.render(w, v, status, p)
	})
}

// visitOf is a request as the pages see it.
func (s *server) visitOf(r *http.Request) *visit {
	printer := language.Of(r)
	return &visit{Request: r, Printer: printer, filters: readFilters(r.URL.Query(), printer)}
}

// actionTimeout bounds what a sent form sets off; the reading of the file that
// it may bring is bounded by its size.
const actionTimeout = time.Minute
