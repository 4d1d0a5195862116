package performance

import (
	"strconv"

	"github.com/outturn/outturn/events"
)

// Decide says whether an event fits the record that its [KeyOf] names: nil, or
// an *[events.Refusal]. A subject that nothing was said of yet has a nil record.
// That the subject itself exists is for budget.Decide to say.
//
// A report or a score needs its indicator; a computed indicator is never
// reported; a score is at most the weight ("得分不得突破权重总额").
func Decide(r *Record, e events.Event) error {
	switch data := e.Data.(type) {
	case events.IndicatorReported:
		return reportFits(r, e, data)
	case events.IndicatorScored:
		return scoreFits(r, e, data)
	}
	return nil
}

func reportFits(r *Record, e events.Event, data events.IndicatorReported) error {
	i := r.Indicator(data.Indicator)
	if i == nil {
		return unknownIndicator(e, data.Indicator)
	}
	if computed := i.Definition.Computed; computed != "" {
		return events.Refuse(events.CodeInvalidEvent, events.ReasonIndicatorComputed, "/data/actual",
			"indicator", string(data.Indicator), "computed", string(computed))
	}
	return nil
}

func scoreFits(r *Record, e events.Event, data events.IndicatorScored) error {
	i := r.Indicator(data.Indicator)
	if i == nil {
		return unknownIndicator(e, data.Indicator)
	}
	if weight := i.Definition.Weight; exact(data.Score).Cmp(exact(weight)) > 0 {
		return events.Refuse(events.CodeInvalidEvent, events.ReasonScoreAboveWeight, "/data/score",
			"indicator", string(data.Indicator), "score", string(data.Score), "weight", string(weight))
	}
	return nil
}

func unknownIndicator(e events.Event, id events.IndicatorID) error {
	key, _ := KeyOf(e)
	return events.Refuse(events.CodeUnknownIndicator, events.ReasonUnknownIndicator, "/data/indicator",
		"indicator", string(id), "subject", key.ID, "year", strconv.Itoa(int(key.Year)))
}
