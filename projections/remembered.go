package projections

import (
	lists "container/list"
	"fmt"
	"slices"
	"sync"
	"time"
)

// maxRemembered bounds the rows of the reports that a store remembers: some
// twenty megabytes.
const maxRemembered = 100_000

// remembered keeps the execution reports that were asked for last. A report at a
// sequence never changes, so that what is asked for again while nothing was
// posted costs no sums. It is safe for concurrent use; the zero value is empty.
type remembered struct {
	mu    sync.Mutex
	order lists.List // of *Report, the last one asked for first
	at    map[string]*lists.Element
	rows  int
}

// nameOf names a report: what is asked, and the tables that answer. A rebuild
// makes other tables at the same sequence.
func (q Query) nameOf(sequence uint64, tables time.Time) string {
	return fmt.Sprintf("%+v of %#v at %d in %d", q, q.Within, sequence, tables.UnixMicro())
}

func (r *remembered) find(name string) (Report, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.at[name]
	if !ok {
		return Report{}, false
	}
	r.order.MoveToFront(found)
	report := found.Value.(*entry).Report
	report.Rows = slices.Clone(report.Rows) // the caller may sort them
	return report, true
}

// entry is a remembered report with its name.
type entry struct {
	name string
	Report
}

func (r *remembered) keep(name string, report Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.at[name]; known || len(report.Rows) > maxRemembered/4 {
		return
	}
	if r.at == nil {
		r.at = make(map[string]*lists.Element)
	}
	report.Rows = slices.Clone(report.Rows)
	r.at[name] = r.order.PushFront(&entry{name, report})
	for r.rows += 1 + len(report.Rows); r.rows > maxRemembered; {
		last := r.order.Remove(r.order.Back()).(*entry)
		delete(r.at, last.name)
		r.rows -= 1 + len(last.Rows)
	}
}
