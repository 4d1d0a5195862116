package eventlog_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/outturn/outturn/events/eventlog"
)

func Example() {
	ctx, log := context.Background(), eventlog.NewMemory()
	payment := eventlog.Record{Subject: "line.L1", Key: "finance/1", Body: []byte(`{"amount":"411400.00"}`)}
	if err := log.Append(ctx, 0, []eventlog.Record{payment}); err != nil {
		fmt.Println(err)
	}

	// Someone who has not seen the payment cannot append after it.
	refund := eventlog.Record{Subject: "line.L1", Key: "finance/2", Body: []byte(`{"amount":"1400.00"}`)}
	if err := log.Append(ctx, 0, []eventlog.Record{refund}); errors.Is(err, eventlog.ErrConflict) {
		fmt.Println(err)
	}

	err := log.Read(ctx, 1, 1, func(records []eventlog.Record) error {
		for _, r := range records {
			fmt.Println(r.Sequence, r.Subject, string(r.Body))
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// the log has moved on: it ends at 1, not at 0
	// 1 line.L1 {"amount":"411400.00"}
}
