package client

import (
	"context"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/intake"
)

// pollEvery is how often an import is asked for its progress.
const pollEvery = 200 * time.Millisecond

// ImportOptions are how a file is imported.
type ImportOptions struct {
	Options
	// Unit is what amounts are in where the header does not say it.
	Unit intake.Denomination
}

// Import sends a CSV or XLSX, as its name says, waits until it is done or failed,
// and returns its report. Progress is told how it is doing on the way. Error: a
// *Problem, or that of the connection. After an error it is safe to send the same
// file again.
func (c *Client) Import(ctx context.Context, name string, body []byte, o ImportOptions, progress func(api.ImportAnswer)) (api.ImportReportAnswer, error) {
	query := url.Values{
		"filename": {filepath.Base(name)}, "unit": {string(o.Unit)},
		"atomic": {strconv.FormatBool(o.Atomic)}, "dry_run": {strconv.FormatBool(o.DryRun)},
	}
	media := "text/csv"
	if strings.EqualFold(filepath.Ext(name), "."+intake.XLSX) {
		media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return c.follow(ctx, "/v1/imports?"+query.Encode(), media, body, progress)
}

// RecordImport records a file that was tried, as [Client.Import] does.
func (c *Client) RecordImport(ctx context.Context, id string, progress func(api.ImportAnswer)) (api.ImportReportAnswer, error) {
	return c.follow(ctx, "/v1/imports/"+url.PathEscape(id)+"/record", "application/json", nil, progress)
}

// ImportFile reads the rows that were not recorded, as a file to mend and send
// again. Format is [intake.CSV] or [intake.XLSX].
func (c *Client) ImportFile(ctx context.Context, id, format string) ([]byte, error) {
	return c.Get(ctx, "/v1/imports/"+url.PathEscape(id)+"/report."+format)
}

// follow begins an import and waits for its end.
func (c *Client) follow(ctx context.Context, path, media string, body []byte, progress func(api.ImportAnswer)) (report api.ImportReportAnswer, err error) {
	var at api.ImportAnswer
	if err := c.post(ctx, path, media, body, &at); err != nil {
		return report, err
	}
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for progress(at); at.Stage != intake.Done && at.Stage != intake.Failed; progress(at) {
		select {
		case <-ctx.Done():
			return report, ctx.Err()
		case <-ticker.C:
		}
		if err := c.get(ctx, "/v1/imports/"+url.PathEscape(at.ID), &at); err != nil {
			return report, err
		}
	}
	if at.Stage == intake.Failed {
		return api.ImportReportAnswer{ImportAnswer: at}, nil
	}
	err = c.get(ctx, "/v1/imports/"+url.PathEscape(at.ID)+"/report.json", &report)
	return report, err
}
