package main

import (
	"errors"
	"net/url"
	"os"
	"strconv"

	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/client"
)

// remote is how commands reach a server: the one that is named, or else the
// "outturn dev" of a data folder.
type remote struct {
	Data   string `env:"OUTTURN_DATA" default:"data" placeholder:"DIR" help:"Folder of the \"outturn dev\" to ask, when --server is not given."`
	Server string `env:"OUTTURN_SERVER" placeholder:"URL" help:"Server to ask."`
	Token  string `env:"OUTTURN_TOKEN" placeholder:"TOKEN" help:"Token to ask with."`
	Lang   string `env:"OUTTURN_LANG" default:"zh-CN" enum:"zh-CN,en" help:"Language of texts: zh-CN or en."`
}

func (r remote) connect() (*client.Client, error) {
	if r.Server != "" {
		return client.New(r.Server, r.Token, r.Lang), nil
	}
	at, err := readContact(r.Data)
	if err != nil {
		return nil, misuse{err}
	}
	return client.New(at.Address, at.Token, r.Lang), nil
}

// asked marks what a server says of an option that is not valid as a misuse.
func asked(err error) error {
	var problem *client.Problem
	if errors.As(err, &problem) && problem.Code == api.CodeQueryInvalid {
		return misuse{err}
	}
	return err
}

// lookback says as of when, and as known when, figures are asked for.
type lookback struct {
	AsOf    string `placeholder:"DATE" help:"As of a day, such as 2023-10-31."`
	KnownAt string `placeholder:"TIME" help:"As known at an instant, such as 2023-11-01T00:00:00+08:00."`
	Through uint64 `placeholder:"SEQUENCE" help:"As known at a sequence of the log."`
}

func (l lookback) add(to url.Values) {
	for name, value := range map[string]string{"as_of": l.AsOf, "known_at": l.KnownAt} {
		if value != "" {
			to.Set(name, value)
		}
	}
	if l.Through > 0 {
		to.Set("through", strconv.FormatUint(l.Through, 10))
	}
}

// output is where a file goes.
type output struct {
	File string `name:"output" short:"o" placeholder:"FILE" help:"File to write; by default it goes to standard output."`
}

func (o output) write(c console, body []byte) error {
	if o.File != "" {
		return os.WriteFile(o.File, body, 0o644)
	}
	_, err := c.out.Write(body)
	return err
}
