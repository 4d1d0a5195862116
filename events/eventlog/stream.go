package eventlog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// newStream is the configuration of a stream that can only grow.
func newStream(c Config) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:               c.Stream,
		Description:        "Outturn: the log of facts. Do not change its settings.",
		Subjects:           []string{c.SubjectPrefix + ".>"},
		Storage:            jetstream.FileStorage,
		Replicas:           max(c.Replicas, 1),
		Retention:          jetstream.LimitsPolicy,
		Discard:            jetstream.DiscardNew,
		MaxMsgs:            -1,
		MaxBytes:           -1,
		MaxMsgsPerSubject:  -1,
		MaxMsgSize:         -1,
		Duplicates:         DuplicateWindow,
		DenyDelete:         true,
		DenyPurge:          true,
		AllowAtomicPublish: true,
		Metadata:           newIdentity(),
	}
}

// setting is one that a log rests on.
type setting struct {
	name string
	ok   bool
	// want says what it must be and why.
	want string
}

// checkStream says which settings of a stream would let a record be lost,
// changed or hidden, all of them at once.
func checkStream(c jetstream.StreamConfig, subjects string) error {
	var wrong []string
	for _, s := range slices.Concat(keeping(c), order(c, subjects)) {
		if !s.ok {
			wrong = append(wrong, s.name+" must be "+s.want)
		}
	}
	if wrong == nil {
		return nil
	}
	return fmt.Errorf("its settings do not suit a log: %s; let an operator change the stream, or name another one", strings.Join(wrong, "; "))
}

// keeping are the settings by which every record is kept, for ever.
func keeping(c jetstream.StreamConfig) []setting {
	return []setting{
		{"storage", c.Storage == jetstream.FileStorage, "file, as memory does not outlive the server"},
		{"retention", c.Retention == jetstream.LimitsPolicy, "limits, as the others delete what was read"},
		{"discard", c.Discard == jetstream.DiscardNew, "new, so that the oldest never make room"},
		{"max_msgs", c.MaxMsgs <= 0, "-1, without a limit"},
		{"max_bytes", c.MaxBytes <= 0, "-1, without a limit"},
		{"max_age", c.MaxAge == 0, "0, without a limit"},
		{"max_msgs_per_subject", c.MaxMsgsPerSubject <= 0, "-1, without a limit"},
		{"deny_delete", c.DenyDelete, "true"},
		{"deny_purge", c.DenyPurge, "true"},
		{"allow_rollup_hdrs", !c.AllowRollup, "false, as a rollup deletes"},
		{"allow_msg_ttl", !c.AllowMsgTTL, "false, as a message with a time to live is deleted"},
		{"subject_delete_marker_ttl", c.SubjectDeleteMarkerTTL == 0, "0"},
	}
}

// order are the settings by which the log has one order and one set of writers.
func order(c jetstream.StreamConfig, subjects string) []setting {
	return []setting{
		{"subjects", slices.Equal(c.Subjects, []string{subjects}), subjects},
		{"metadata " + IdentityMetadata, c.Metadata[IdentityMetadata] != "", "the log's identity, a random UUID, given when the stream is made"},
		{"allow_atomic", c.AllowAtomicPublish, "true, as a batch is appended wholly or not at all"},
		{"allow_batched", !c.AllowBatchPublish, "false, as the server lets a fast batch tear an atomic one"},
		{"allow_direct", !c.AllowDirect, "false, as a follower may answer with an old state"},
		{"allow_msg_counter", !c.AllowMsgCounter, "false, as it replaces bodies"},
		{"allow_msg_schedules", !c.AllowMsgSchedules, "false, as the server would write on its own"},
		{"max_msg_size", c.MaxMsgSize <= 0, "-1, as max_payload of the server is the limit"},
		{"no_ack", !c.NoAck, "false, as nothing would be acknowledged"},
		{"first_seq", c.FirstSeq <= 1, "1"},
		{"mirror", c.Mirror == nil, "none"},
		{"sources", len(c.Sources) == 0, "none"},
		{"subject_transform", c.SubjectTransform == nil, "none"},
	}
}
