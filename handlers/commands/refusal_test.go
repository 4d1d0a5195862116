package commands_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/commands"
)

// TestPassingErrorsAreToldAsWhatTheyAre: what passes with time is never told as a
// fault of the program, also where another error stands around it.
func TestPassingErrorsAreToldAsWhatTheyAre(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]events.Reason{
		commands.ErrConflict:       commands.ReasonConflict,
		commands.ErrOverloaded:     commands.ReasonOverloaded,
		commands.ErrPastBehind:     commands.ReasonProjectionBehind,
		commands.ErrOutcomeUnknown: commands.ReasonOutcomeUnknown,
		commands.ErrLogUnavailable: commands.ReasonLogUnavailable,
		commands.ErrStopped:        commands.ReasonLogUnavailable,
	} {
		if got := commands.Refusal(fmt.Errorf("post: %w", err)); got == nil || got.Reason != want {
			t.Errorf("%v is told as %v; want %s", err, got, want)
		}
	}
	if got := commands.Refusal(fmt.Errorf("%w: %w", commands.ErrOutcomeUnknown, commands.ErrPastBehind)); got.Reason != commands.ReasonOutcomeUnknown {
		t.Errorf("an unknown outcome is told as %v", got)
	}
	if got := commands.Refusal(errors.New("broken")); got != nil {
		t.Errorf("a fault of the program is told as %v", got)
	}
}
