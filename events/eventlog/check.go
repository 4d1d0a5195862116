package eventlog

import (
	"fmt"
	"regexp"
)

// maxKey is the longest key of a record, in bytes: JetStream keeps the keys of
// the last minutes in memory.
const maxKey = 512

// codes is the form of a subject: ASCII codes with dots between them.
var codes = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// checkBatch says whether the records could be appended to any log at all.
func checkBatch(records []Record) error {
	if len(records) > MaxBatch {
		return fmt.Errorf("%w: %d records, at most %d fit; append them in parts", ErrTooLarge, len(records), MaxBatch)
	}
	for i, r := range records {
		if !codes.MatchString(r.Subject) {
			return fmt.Errorf("record %d of the batch: subject %q is not ASCII codes with dots between them", i, r.Subject)
		}
		if !isKey(r.Key) {
			return fmt.Errorf("record %d of the batch: key %q is not 1 to %d visible ASCII characters", i, r.Key, maxKey)
		}
	}
	return nil
}

// isKey says whether a key survives a message header unchanged.
func isKey(key string) bool {
	for _, c := range []byte(key) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return 0 < len(key) && len(key) <= maxKey
}

// setSequences numbers the records of a batch that was appended after after.
func setSequences(records []Record, after uint64) {
	for i := range records {
		records[i].Sequence = after + 1 + uint64(i)
	}
}
