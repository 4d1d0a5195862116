package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/commands"
)

// The media types of events. Plain JSON is taken for an event or, if it is an
// array, for a batch.
const (
	mediaEvent  = "application/cloudevents+json"
	mediaBatch  = "application/cloudevents-batch+json"
	mediaNDJSON = "application/x-ndjson"
	mediaJSON   = "application/json"
)

// EventAnswer is the answer to one event that is recorded: 201, or 200 for a
// repeat or a dry run.
type EventAnswer struct {
	Sequence  uint64          `json:"sequence,omitempty"`
	Duplicate bool            `json:"duplicate"`
	DryRun    bool            `json:"dry_run,omitempty"`
	Line      *LineFigures    `json:"line,omitempty"`
	Warnings  []WarningAnswer `json:"warnings,omitempty"`
}

// ProposedAnswer is the answer to one event that waits for a second person: 202.
// Sequence is that of the proposal.
type ProposedAnswer struct {
	Sequence uint64            `json:"sequence,omitempty"`
	Proposed bool              `json:"proposed"`
	Proposal events.ProposalID `json:"proposal,omitempty"`
	DryRun   bool              `json:"dry_run,omitempty"`
	Warnings []WarningAnswer   `json:"warnings,omitempty"`
}

// WarningAnswer says what an event was taken in spite of, with the code that it
// would have been refused with under a stricter control.
type WarningAnswer struct {
	Code   events.Code       `json:"code"`
	Detail string            `json:"detail"`
	Params map[string]string `json:"params,omitempty"`
}

// BatchAnswer is the answer to many events.
type BatchAnswer struct {
	Accepted   int            `json:"accepted"`
	Duplicates int            `json:"duplicates"`
	Rejected   int            `json:"rejected"`
	Proposed   int            `json:"proposed"`
	DryRun     bool           `json:"dry_run,omitempty"`
	Results    []ResultAnswer `json:"results"`
}

// ResultAnswer is what became of one of many events. Index counts from 0.
type ResultAnswer struct {
	Index    int             `json:"index"`
	ID       events.EventID  `json:"id,omitempty"`
	Status   commands.Status `json:"status"`
	Sequence uint64          `json:"sequence,omitempty"`
	// Proposal is what a proposed event waits under.
	Proposal events.ProposalID `json:"proposal,omitempty"`
	Code     events.Code       `json:"code,omitempty"`
	Pointer  string            `json:"pointer,omitempty"`
	Detail   string            `json:"detail,omitempty"`
	Warnings []WarningAnswer   `json:"warnings,omitempty"`
}

func (a *API) postEvents(w http.ResponseWriter, r *http.Request) {
	submission, err := submissionOf(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	body, err := readBody(w, r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	raw, many, err := split(body, r.Header.Get("Content-Type"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	for _, event := range raw {
		submission.Items = append(submission.Items, parse(event))
	}
	results, err := a.config.Recorder.Submit(r.Context(), submission)
	switch {
	case err != nil:
		a.fail(w, r, submitError(err))
	case many:
		a.answerMany(w, r, submission, results)
	default:
		a.answerOne(w, r, submission, results[0])
	}
}

// submissionOf reads who asks and in which mode.
func submissionOf(r *http.Request) (commands.Submission, error) {
	q := queryOf(r)
	s := commands.Submission{By: auth.Principal(r.Context()), DryRun: q.flag("dry_run")}
	if q.flag("atomic") {
		s.Mode = commands.AllOrNothing
	}
	return s, q.end()
}

func submitError(err error) error {
	if errors.Is(err, commands.ErrTooMany) {
		return events.Refuse(CodeTooLarge, ReasonAtomicTooMany, "", "limit", strconv.Itoa(commands.MaxAtomic))
	}
	return err
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, events.Refuse(CodeTooLarge, ReasonBodyTooLarge, "", "limit", strconv.Itoa(MaxBody))
	case err != nil:
		return nil, events.Refuse(events.CodeInvalidEvent, ReasonBodyUnreadable, "", "problem", err.Error())
	}
	return body, nil
}

// split cuts a body into events, and says whether it holds many by its form.
func split(body []byte, contentType string) (raw []json.RawMessage, many bool, err error) {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = contentType
	}
	if media == "" || media == mediaJSON {
		media = guess(body)
	}
	switch media {
	case mediaEvent:
		return []json.RawMessage{body}, false, nil
	case mediaBatch:
		raw, err = splitArray(body)
	case mediaNDJSON:
		raw = splitLines(body)
	default:
		return nil, false, events.Refuse(CodeUnsupportedMediaType, ReasonMediaType, "", "type", contentType,
			"allowed", mediaEvent+", "+mediaBatch+", "+mediaNDJSON)
	}
	if err == nil && len(raw) > MaxEvents {
		err = events.Refuse(CodeTooLarge, ReasonTooManyEvents, "", "limit", strconv.Itoa(MaxEvents))
	}
	return raw, true, err
}

func guess(body []byte) string {
	if bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("[")) {
		return mediaBatch
	}
	return mediaEvent
}

// splitArray and splitLines stop when there are too many, so that a small body
// cannot take up much memory.
func splitArray(body []byte) ([]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if open, err := decoder.Token(); err != nil || open != json.Delim('[') {
		return nil, badArray("a batch is a JSON array of events")
	}
	raw := []json.RawMessage{}
	for decoder.More() && len(raw) <= MaxEvents {
		var event json.RawMessage
		if err := decoder.Decode(&event); err != nil {
			return nil, badArray(err.Error())
		}
		raw = append(raw, event)
	}
	if len(raw) > MaxEvents {
		return raw, nil
	}
	if _, err := decoder.Token(); err != nil {
		return nil, badArray(err.Error())
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, badArray("text after the array")
	}
	return raw, nil
}

func badArray(problem string) error {
	return events.Refuse(events.CodeInvalidEvent, events.ReasonJSONSyntax, "", "problem", problem)
}

func splitLines(body []byte) []json.RawMessage {
	var raw []json.RawMessage
	for line := range bytes.Lines(body) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			raw = append(raw, line)
		}
		if len(raw) > MaxEvents {
			break
		}
	}
	return raw
}

// parse reads one event, or keeps why it is none.
func parse(raw json.RawMessage) commands.Item {
	if len(raw) > events.MaxBytes {
		return commands.Item{Refusal: events.Refuse(CodeTooLarge, ReasonEventTooLarge, "", "limit", strconv.Itoa(events.MaxBytes))}
	}
	event, err := events.Parse(raw)
	if err != nil {
		return commands.Item{Event: events.Event{ID: statedID(raw)}, Refusal: refusalOf(err)}
	}
	if strings.HasPrefix(event.Source, ownSource) {
		return commands.Item{Event: event, Refusal: events.Refuse(events.CodeInvalidEvent, ReasonSourceReserved, "/source", "source", event.Source)}
	}
	return commands.Item{Event: event}
}

// ownSource begins the source of events that the program records itself, such as
// the issue of forms: nobody else may speak in its name.
const ownSource = "outturn/"

// statedID finds the id of what is no event, so that its sender can tell which
// one it was; empty if there is none.
func statedID(raw json.RawMessage) events.EventID {
	var stated struct {
		ID events.EventID `json:"id"`
	}
	if json.Unmarshal(raw, &stated) != nil || len(stated.ID) > events.MaxID {
		return ""
	}
	return stated.ID
}

func (a *API) answerOne(w http.ResponseWriter, r *http.Request, s commands.Submission, result commands.Result) {
	warnings := a.warnings(r, result.Warnings)
	switch result.Status {
	case commands.Rejected:
		a.fail(w, r, result.Refusal)
		return
	case commands.Proposed:
		writeJSON(w, http.StatusAccepted, mediaJSON, ProposedAnswer{result.Sequence, true, result.Proposal, s.DryRun, warnings})
		return
	}
	answer := EventAnswer{Sequence: result.Sequence, Duplicate: result.Status == commands.Duplicate, DryRun: s.DryRun, Warnings: warnings}
	if result.Line != nil {
		figures, err := result.Line.Sums.Figures()
		if err != nil {
			a.fail(w, r, err)
			return
		}
		answer.Line = &LineFigures{Line: result.Line.ID, FiguresAnswer: figuresAnswer(figures)}
	}
	status := http.StatusCreated
	if answer.Duplicate || s.DryRun {
		status = http.StatusOK
	}
	writeJSON(w, status, mediaJSON, answer)
}

func (a *API) answerMany(w http.ResponseWriter, r *http.Request, s commands.Submission, results []commands.Result) {
	texts := a.config.Texts(r)
	answer := BatchAnswer{DryRun: s.DryRun, Results: make([]ResultAnswer, len(results))}
	for i, result := range results {
		one := ResultAnswer{
			Index: i, ID: s.Items[i].Event.ID, Status: result.Status, Sequence: result.Sequence,
			Proposal: result.Proposal, Warnings: a.warnings(r, result.Warnings),
		}
		switch result.Status {
		case commands.Accepted:
			answer.Accepted++
		case commands.Duplicate:
			answer.Duplicates++
		case commands.Proposed:
			answer.Proposed++
		case commands.Rejected:
			answer.Rejected++
			refusal := a.presentable(w, r, result.Refusal)
			one.Code, one.Pointer, one.Detail = refusal.Code, refusal.Where, texts.Refusal(refusal)
		}
		answer.Results[i] = one
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

// warnings tells what an event was taken in spite of.
func (a *API) warnings(r *http.Request, all []*events.Refusal) []WarningAnswer {
	var said []WarningAnswer
	for _, warning := range all {
		said = append(said, WarningAnswer{warning.Code, a.config.Texts(r).Refusal(warning), warning.Params})
	}
	return said
}
