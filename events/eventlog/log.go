package eventlog

import (
	"context"
	"errors"
)

// MaxBatch is the largest number of records in one [Log.Append]: the limit of a
// JetStream atomic batch.
const MaxBatch = 1000

// FewRecords is up to how many records appending each costs less than one batch:
// measured, a batch costs as much as 8 to 25 single appends whatever its size.
const FewRecords = 10

// Record is one entry of the log.
type Record struct {
	// Sequence is the place in the log, from 1 on, without gaps. Append sets it.
	Sequence uint64
	// Subject is what the record is about, "line.L1": a kind and a code, of ASCII
	// letters, digits, _ and -.
	Subject string
	// Key is unique for ever by the caller's care; a log refuses one that it saw
	// in the last minutes, as a second fence. It is 1 to 512 visible ASCII characters.
	Key string
	// Body is stored as it is.
	Body []byte
}

// Errors of a log. Every other error means that the log could not be reached
// or is damaged.
var (
	// ErrConflict: the log does not end where the caller thought. Nothing was
	// appended; catch up and decide again.
	ErrConflict = errors.New("the log has moved on")
	// ErrDuplicate: a record of the batch has the key of one that was appended
	// shortly before. Nothing was appended.
	ErrDuplicate = errors.New("a record with this key is in the log already")
	// ErrUncertain: no answer came, so the batch may or may not have been
	// appended, wholly. Catch up and look for its keys.
	ErrUncertain = errors.New("the log did not answer; the batch may have been appended")
	// ErrUnavailable: the log cannot be reached; nothing was appended.
	ErrUnavailable = errors.New("the log cannot be reached")
	// ErrTooLarge: more than MaxBatch records, or a record larger than the log takes.
	ErrTooLarge = errors.New("the batch is larger than the log takes")
	// ErrGap: a sequence is missing. The log is damaged; nobody may go on.
	ErrGap = errors.New("a sequence is missing in the log")
	// ErrTorn: a batch begins and does not end. The log is damaged; nobody may go on.
	ErrTorn = errors.New("a batch in the log is cut short")
	// ErrNotFound: the log has no such sequence.
	ErrNotFound = errors.New("no such sequence in the log")
)

// Log is an append-only sequence of records. Its methods may be called by
// several goroutines and by several processes on one log.
type Log interface {
	// Append appends the records, in order and all or none, if the log's last
	// sequence is after. It returns when they are synced to disk, with their
	// sequences set to after+1, after+2, …. Errors: ErrConflict, ErrDuplicate,
	// ErrUncertain, ErrUnavailable, ErrTooLarge. Where both a conflict and a
	// duplicate hold, either may come. With no records it only tests after.
	Append(ctx context.Context, after uint64, records []Record) error

	// AppendEach appends the records one after the other, each only if the log
	// ends with the one before it, and the first if it ends at after. It returns
	// how many are appended, with their sequences set; the others are not, unless
	// the error is ErrUncertain. It is for a few records that need not stand or
	// fall together: up to [FewRecords] it is faster than a batch. Errors: those of
	// Append.
	AppendEach(ctx context.Context, after uint64, records []Record) (int, error)

	// Stage begins an append after a sequence that the log has yet to reach.
	Stage(after uint64) Staged

	// Last is the last sequence, 0 for an empty log.
	Last(ctx context.Context) (uint64, error)

	// At reads one record. Error: ErrNotFound.
	At(ctx context.Context, sequence uint64) (Record, error)

	// Read delivers the records from from to upTo (both included), in order, in
	// slices of whole batches, and returns. If upTo lies within a batch, the
	// batch is delivered whole. It stops at the first error of deliver and
	// returns it. Errors: ErrGap, ErrTorn, and ErrNotFound, with nothing delivered,
	// when the log ends before upTo. The slices are deliver's to keep; the bodies
	// are not to be changed.
	Read(ctx context.Context, from, upTo uint64, deliver func([]Record) error) error

	// Follow delivers every record from from on as Read does, as soon as it is
	// there, and never half a batch. It returns only on an error: ctx's, that of
	// deliver, ErrGap (also at once, when the log ends before from-1: it lost what
	// the caller has seen), ErrTorn, or that of a log that is gone. Short losses of
	// connection are ridden out.
	Follow(ctx context.Context, from uint64, deliver func([]Record) error) error

	// Identity tells this log from every other one, also from one that was made
	// anew under the same name. It never changes.
	Identity() string
}

// MaxDelivery bounds the records in one call of deliver, but for a batch that
// crosses it, which stays whole.
const MaxDelivery = 4000
