package intake

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
)

// Limits of a desk.
const (
	// MaxUnderWay is how many imports may be under way; more are refused.
	MaxUnderWay = 8
	// MaxRunning is how many of them are read, and how many decided or recorded,
	// at the same time.
	MaxRunning = 2
	// MaxKept is how many imports are kept, MaxKeptRows how many rows they may have
	// in all, and MaxAge for how long after their end. The oldest go first.
	MaxKept     = 100
	MaxKeptRows = 3 * MaxRows
	MaxAge      = 24 * time.Hour
)

// Desk runs imports and keeps their reports for a while, in memory. It is safe
// for concurrent use.
type Desk struct {
	config  Config
	reading chan struct{} // holds one for each file that is being read
	running chan struct{} // and for each import that is decided or recorded
	life    context.Context
	end     context.CancelFunc
	work    sync.WaitGroup

	mu    sync.Mutex
	jobs  []*job // oldest first
	ended bool
}

// job is one import. Its entries belong to the goroutine that carries it out
// until done is closed.
type job struct {
	*layout
	by      access.Principal
	options Options
	entries []entry
	rows    []Row // what became of them, once it is done
	notes   []Note
	done    chan struct{}

	mu       sync.Mutex
	progress Progress
	end      time.Time
}

// New makes a desk. Run it, so that its imports end when the program does.
func New(c Config) *Desk {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Observe == nil {
		c.Observe = func(Progress) {}
	}
	life, end := context.WithCancel(context.Background())
	return &Desk{config: c, life: life, end: end, reading: make(chan struct{}, MaxRunning), running: make(chan struct{}, MaxRunning)}
}

// Run waits until ctx ends, then stops every import where it is and waits for
// them. What they have recorded stays; the same file sent again completes it.
func (d *Desk) Run(ctx context.Context) error {
	<-ctx.Done()
	d.mu.Lock()
	d.ended = true
	d.mu.Unlock()
	d.end()
	d.work.Wait()
	return ctx.Err()
}

// Start reads a file, and goes on in the background. Errors: an *events.Refusal,
// when the file as a whole cannot be taken, and ctx's.
func (d *Desk) Start(ctx context.Context, u Upload) (Progress, error) {
	if u.Unit == "" {
		u.Unit = Yuan
	}
	if u.Source == "" {
		u.Source = DefaultSource
	}
	if strings.HasPrefix(strings.TrimLeft(u.Source, "/"), "outturn/") {
		return Progress{}, events.Refuse(events.CodeInvalidEvent, ReasonReserved, "/source", "source", u.Source)
	}
	j := &job{by: u.By, options: u.Options, done: make(chan struct{}), progress: Progress{
		ID: rand.Text(), Name: u.Name, By: u.By.Name, Began: d.config.Now(), DryRun: u.DryRun, Stage: Reading}}
	if err := d.admit(j); err != nil {
		return Progress{}, err
	}
	if err := d.read(ctx, j, u); err != nil {
		d.drop(j)
		return Progress{}, err
	}
	return d.launch(j)
}

// Record records a file whose dry run is done, and returns the new import's
// progress. Error: an *events.Refusal.
func (d *Desk) Record(_ context.Context, id string, by access.Principal) (Progress, error) {
	tried := d.job(id, by)
	if tried == nil {
		return Progress{}, events.Refuse(CodeImportState, ReasonImportGone, "")
	}
	if p := tried.state(); p.Stage != Done || !p.DryRun {
		return Progress{}, events.Refuse(CodeImportState, ReasonImportUnready, "")
	}
	j := &job{layout: tried.layout, by: by, options: tried.options, entries: slices.Clone(tried.entries), notes: tried.notes,
		done: make(chan struct{}), progress: Progress{ID: rand.Text(), Name: tried.progress.Name, By: by.Name, Began: d.config.Now(), Stage: Deciding}}
	j.options.DryRun = false
	for i := range j.entries {
		j.entries[i].recorded, j.entries[i].portions = false, nil
	}
	j.progress.Rows = len(j.entries)
	if err := d.admit(j); err != nil {
		return Progress{}, err
	}
	return d.launch(j)
}

// admit keeps a new job, if not too many are under way.
func (d *Desk) admit(j *job) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	underWay := 0
	for _, other := range d.jobs {
		if !other.isDone() {
			underWay++
		}
	}
	if d.ended || underWay >= MaxUnderWay {
		return events.Refuse(CodeImportBusy, ReasonImportBusy, "", "limit", fmt.Sprint(MaxUnderWay))
	}
	d.jobs = append(d.jobs, j)
	d.forget()
	return nil
}

// forget lets the oldest finished imports go, as the limits want. d.mu is held.
func (d *Desk) forget() {
	rows, kept := 0, 0
	for _, j := range slices.Backward(d.jobs) {
		p := j.state()
		kept++
		rows += p.Rows
		j.mu.Lock()
		old := !j.end.IsZero() && d.config.Now().Sub(j.end) > MaxAge
		j.mu.Unlock()
		if j.isDone() && (old || kept > MaxKept || rows > MaxKeptRows) {
			d.jobs = slices.DeleteFunc(slices.Clone(d.jobs), func(other *job) bool { return other == j })
			kept--
			rows -= p.Rows
		}
	}
}

func (d *Desk) drop(j *job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.jobs = slices.DeleteFunc(slices.Clone(d.jobs), func(other *job) bool { return other == j })
}

// read reads the file into the job's entries.
func (d *Desk) read(ctx context.Context, j *job, u Upload) error {
	select {
	case d.reading <- struct{}{}:
		defer func() { <-d.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	t, err := readTable(u.Name, u.Body)
	if err != nil {
		return err
	}
	j.entries, j.notes = readRows(t, u.Unit)
	j.layout = &t.layout
	if len(j.entries) == 0 {
		return events.Refuse(CodeNoHeader, ReasonNoRows, "")
	}
	j.update(func(p *Progress) { p.Rows, p.Stage = len(j.entries), Deciding })
	return nil
}

// launch carries a job out in the background.
func (d *Desk) launch(j *job) (Progress, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		close(j.done)
		return Progress{}, events.Refuse(CodeImportBusy, ReasonImportBusy, "", "limit", fmt.Sprint(MaxUnderWay))
	}
	begun := j.state()
	d.work.Go(func() { d.carryOut(d.life, j) })
	return begun, nil
}

// carryOut decides and records a job, and tells how it ended.
func (d *Desk) carryOut(ctx context.Context, j *job) {
	defer close(j.done)
	var err error
	select {
	case d.running <- struct{}{}:
		err = d.run(ctx, j)
		<-d.running
	case <-ctx.Done():
		err = ctx.Err()
	}
	j.rows = make([]Row, len(j.entries))
	for i := range j.entries {
		j.rows[i] = j.entries[i].Row
	}
	if !j.options.DryRun {
		j.entries = nil // only a dry run is recorded later
	}
	d.config.Observe(d.finish(ctx, j, err))
}

// finish notes how a job ended.
func (d *Desk) finish(ctx context.Context, j *job, err error) Progress {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.end, j.progress.Stage = d.config.Now(), Done
	if err != nil {
		d.config.Logger.WarnContext(ctx, "an import did not come to its end", "import", j.progress.Name, "by", j.progress.By, "error", err)
		j.progress.Stage = Failed
		j.progress.Problem = events.Refuse(CodeInterrupted, ReasonInterrupted, "", "problem", err.Error(), "recorded", fmt.Sprint(j.progress.Accepted))
	}
	return j.progress
}

func (j *job) isDone() bool {
	select {
	case <-j.done:
		return true
	default:
		return false
	}
}

func (j *job) state() Progress {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.progress
}

func (j *job) update(change func(*Progress)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	change(&j.progress)
}

// job finds an import that is by's to see.
func (d *Desk) job(id string, by access.Principal) *job {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, j := range d.jobs {
		if j.progress.ID == id && isSame(j.by, by) {
			return j
		}
	}
	return nil
}

// isSame says whether two principals are the same somebody, whichever token let
// them in.
func isSame(a, b access.Principal) bool { return a.Name == b.Name && a.Root == b.Root }

// Find returns an import's progress; ok is false if there is none or it is not
// by's to see.
func (d *Desk) Find(id string, by access.Principal) (p Progress, ok bool) {
	j := d.job(id, by)
	if j == nil {
		return Progress{}, false
	}
	return j.state(), true
}

// Wait returns an import's progress when it is Done or Failed. Errors: an
// *events.Refusal when there is no such import, and ctx's.
func (d *Desk) Wait(ctx context.Context, id string, by access.Principal) (Progress, error) {
	j := d.job(id, by)
	if j == nil {
		return Progress{}, events.Refuse(CodeImportState, ReasonImportGone, "")
	}
	select {
	case <-j.done:
		return j.state(), nil
	case <-ctx.Done():
		return j.state(), ctx.Err()
	}
}

// Recent lists the imports that by may see, newest first.
func (d *Desk) Recent(by access.Principal) []Progress {
	d.mu.Lock()
	defer d.mu.Unlock()
	var recent []Progress
	for _, j := range slices.Backward(d.jobs) {
		if isSame(j.by, by) {
			recent = append(recent, j.state())
		}
	}
	return recent
}

// Report returns the report of an import that is Done or Failed. Its slices are
// shared: they must not be changed.
func (d *Desk) Report(id string, by access.Principal) (Report, bool) {
	j := d.job(id, by)
	if j == nil || !j.isDone() {
		return Report{}, false
	}
	return Report{Progress: j.state(), Headers: j.headers, Ignored: j.ignored, Notes: j.notes, Rows: j.rows,
		amount: j.at[keyAmount], unit: j.unit}, true
}
