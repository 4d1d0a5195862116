package logtest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/events/eventlog"
)

// patience bounds what a test waits for. It is far more than anything takes.
const patience = time.Minute

// Store keeps one log.
type Store interface {
	// Open gives one more handle on the log.
	Open(t testing.TB) eventlog.Log
	// Restart closes all handles, and stops and starts what keeps the log.
	Restart(t testing.TB)
}

// Run tests a kind of log. newStore makes a store with an empty log, and removes
// it when the test ends.
func Run(t *testing.T, newStore func(t testing.TB) Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Store){
		"an empty log has no records":                       emptyLog,
		"an append sets the sequences":                      appendSetsSequences,
		"appending each sets the sequences":                 eachSetsSequences,
		"appending each ends at the first that is refused":  eachEndsAtRefusal,
		"appending each from many writers loses nothing":    eachFromMany,
		"appending each rests on no record of others":       eachRestsOnItsOwn,
		"an append of nothing tests the guard":              appendOfNothing,
		"a staged append takes effect with its commit":      stagedCommit,
		"staged appends rest on each other":                 stagedOnEachOther,
		"a staged append is refused as a whole":             stagedRefused,
		"a staged append that is discarded leaves nothing":  stagedDiscarded,
		"a staged append of one too many is refused":        stagedTooMany,
		"many staged appends are given up and none is left": stagedMany,
		"a conflict appends nothing":                        conflict,
		"a duplicate appends nothing":                       duplicate,
		"a duplicate in a batch appends nothing":            duplicateInBatch,
		"a key twice in a batch appends nothing":            keyTwice,
		"a full batch is appended":                          fullBatch,
		"a batch of one too many is refused":                oneTooMany,
		"a record that is too large is refused":             largeRecord,
		"a malformed record is refused":                     malformed,
		"an append with a context that is done is refused":  doneContext,
		"the caller's bodies may be used again":             bodiesAreCopied,
		"records are read as they were appended":            readBack,
		"a read starts and ends where it is told":           readRange,
		"a read delivers whole batches of bounded size":     readDeliveries,
		"many large records are read":                       readLarge,
		"a read beyond the end is refused":                  readBeyondEnd,
		"a read ends with the error of deliver":             readDeliverError,
		"a read ends with its context":                      readContext,
		"a record is read by its sequence":                  at,
		"following sees what is there and what comes":       follow,
		"following sees batches whole":                      followWhole,
		"following ends with the error of deliver":          followDeliverError,
		"following ends with its context":                   followContext,
		"following from beyond the end is damage":           followBeyondEnd,
		"many writers append every record once, in order":   manyWriters,
		"two handles see and guard one log":                 twoHandles,
		"a restart keeps the records and the identity":      restart,
		"a key is refused after a restart":                  duplicateAfterRestart,
		"Chinese text and arbitrary bytes are kept exactly": exactBytes,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newStore(t))
		})
	}
	t.Run("two logs differ in identity", func(t *testing.T) {
		t.Parallel()
		one, other := newStore(t).Open(t), newStore(t).Open(t)
		if one.Identity() == "" || one.Identity() == other.Identity() {
			t.Errorf("identities %q and %q, want two that differ", one.Identity(), other.Identity())
		}
	})
}

// record makes a record whose key and body are told by name.
func record(name string) eventlog.Record {
	return eventlog.Record{Subject: "line.L1", Key: "key-" + name, Body: []byte("body of " + name)}
}

// batch makes n records whose keys begin with name.
func batch(name string, n int) []eventlog.Record {
	records := make([]eventlog.Record, n)
	for i := range records {
		records[i] = record(fmt.Sprintf("%s-%d", name, i))
	}
	return records
}

// context is bounded by patience and ends with the test.
func bounded(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// mustAppend appends and returns what was appended.
func mustAppend(t testing.TB, log eventlog.Log, after uint64, records ...eventlog.Record) []eventlog.Record {
	t.Helper()
	if err := log.Append(bounded(t), after, records); err != nil {
		t.Fatalf("append %d records after %d: %v", len(records), after, err)
	}
	return records
}

// wantLast checks where the log ends.
func wantLast(t testing.TB, log eventlog.Log, want uint64) {
	t.Helper()
	got, err := log.Last(bounded(t))
	if err != nil || got != want {
		t.Fatalf("the log ends at %d, error %v; want %d", got, err, want)
	}
}

// read reads a part of the log.
func read(t testing.TB, log eventlog.Log, from, upTo uint64) []eventlog.Record {
	t.Helper()
	var records []eventlog.Record
	err := log.Read(bounded(t), from, upTo, func(delivered []eventlog.Record) error {
		records = append(records, delivered...)
		return nil
	})
	if err != nil {
		t.Fatalf("read %d to %d: %v", from, upTo, err)
	}
	return records
}

// wantRecords compares records, an empty body with none at all.
func wantRecords(t testing.TB, got, want []eventlog.Record) {
	t.Helper()
	sameBytes := cmp.Comparer(func(a, b []byte) bool { return slices.Equal(a, b) })
	if diff := cmp.Diff(want, got, sameBytes); diff != "" {
		t.Fatalf("records differ (-want +got):\n%s", diff)
	}
}
