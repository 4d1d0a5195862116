package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// AlertRaised (预警) says that a rule found execution lagging.
type AlertRaised struct {
	Kind  Subject     `json:"about"`
	Alert AlertID     `json:"alert"`
	Year  fiscal.Year `json:"year"`
	Rule  AlertRule   `json:"rule"`
	Date  fiscal.Date `json:"date"`
	// Due is the date by which it is to be answered; nil if none is set.
	Due *fiscal.Date `json:"due,omitempty"`
	// Rate and Progress are the execution rate and the time progress that the rule
	// judged by, as they were printed.
	Rate     Percent `json:"rate,omitempty"`
	Progress Percent `json:"progress,omitempty"`
	Detail   Note    `json:"detail,omitempty"`
	Memo     Note    `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (AlertRaised) Type() Type { return "outturn.alert.raised.v1" }

// About says what the subject names, as the event itself states.
func (e AlertRaised) About() Subject { return e.Kind }

// On is the business date.
func (e AlertRaised) On() fiscal.Date { return e.Date }

func (e AlertRaised) check() error { return checkAbout(e.Kind, OfLine, OfProject, OfUnit) }
