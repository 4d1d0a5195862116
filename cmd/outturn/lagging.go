package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"

	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections/pace"
)

type laggingCommand struct {
	Year int    `arg:"" help:"Fiscal year."`
	Unit string `placeholder:"CODE" help:"Only a unit and all under it."`
	By   string `default:"project" enum:"line,project,unit,fund,source,function,economic" help:"What has a row: line, project, unit, fund, source, function or economic."`
	AsOf string `placeholder:"DATE" help:"As of a day, such as 2023-10-31; by default today, or the year's last day."`
	JSON bool   `name:"json" help:"Print JSON."`
	remote
}

// Run prints who is behind, worst first. It exits with 1 if something is far
// behind, for cron.
func (l laggingCommand) Run(ctx context.Context, c console) error {
	server, err := l.connect()
	if err != nil {
		return misuse{err}
	}
	query := url.Values{"year": {strconv.Itoa(l.Year)}, "by": {l.By}}
	for name, value := range map[string]string{"unit": l.Unit, "as_of": l.AsOf} {
		if value != "" {
			query.Set(name, value)
		}
	}
	body, err := server.Get(ctx, "/v1/lagging?"+query.Encode())
	if err != nil {
		return err
	}
	var answer api.LaggingAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return err
	}
	if l.JSON {
		_, err = c.out.Write(body)
	} else {
		err = printLagging(c.out, answer, language.In(language.Tag(l.Lang)))
	}
	for _, row := range answer.Rows {
		if row.Status == pace.FarBehind && err == nil {
			return foundWrong
		}
	}
	return err
}

// nameWidth is how many columns a name gets in a terminal.
const nameWidth = 40

// printLagging writes a table: gap, rate, executed, full-year budget, status and
// name. The name comes last, so that wide characters shift nothing.
func printLagging(out io.Writer, answer api.LaggingAnswer, p language.Printer) error {
	fmt.Fprintln(out, p.Text("lagging.head", "date", answer.AsOf.String(), "progress", answer.TimeProgress))
	for _, row := range answer.Rows {
		gap, rate := "—", "—"
		if row.GapPoints != nil && row.Rate != nil {
			gap, rate = *row.GapPoints, *row.Rate+"%"
		}
		fmt.Fprintf(out, "%s %8s %9s %14s / %14s  %s\n", mark(out, row.Status), gap, rate,
			row.Executed.In(money.Wan, 2, money.HalfUp), row.FullYear.In(money.Wan, 2, money.HalfUp),
			p.Text("status."+string(row.Status))+"  "+cut(row.Name, row.Key))
	}
	return nil
}

// cut shortens a name that is too long for a line.
func cut(name, key string) string {
	if name == "" {
		name = key
	}
	if runes := []rune(name); len(runes) > nameWidth {
		return string(runes[:nameWidth-1]) + "…"
	}
	return name
}

// mark is the shape of a status, in colour on a terminal.
func mark(out io.Writer, status pace.Status) string {
	shape := map[pace.Status]string{
		pace.FarBehind: "■", pace.Stalled: "▼", pace.Behind: "▲", pace.Watch: "◇", pace.OnPace: "●", pace.Over: "◆", pace.None: "·",
	}[status]
	colour := map[pace.Status]int{pace.FarBehind: 31, pace.Stalled: 31, pace.Behind: 33, pace.Over: 35}[status]
	file, ok := out.(*os.File)
	if !ok || colour == 0 || !isTerminal(file) || os.Getenv("NO_COLOR") != "" {
		return shape
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", colour, shape)
}
