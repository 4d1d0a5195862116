package language

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// Tag names a language as HTML and HTTP do.
type Tag string

// The languages. The first is spoken when nothing else was asked for.
const (
	Chinese Tag = "zh-CN"
	English Tag = "en"
)

// Tags lists the languages.
func Tags() []Tag { return []Tag{Chinese, English} }

// Parameter is the name of the query parameter that asks for a language.
const Parameter = "lang"

const (
	cookieName    = "outturn_lang"
	cookieSeconds = 365 * 24 * 60 * 60
)

//go:embed catalogue/*.json
var catalogues embed.FS

var (
	printers = speak()
	matcher  = language.NewMatcher([]language.Tag{language.MustParse(string(Chinese)), language.English})
)

// speak reads the catalogues. They are compiled in and tested, so that failing
// is a fault of the build.
func speak() map[Tag]Printer {
	bundle := i18n.NewBundle(language.MustParse(string(Chinese)))
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	for _, tag := range Tags() {
		files, err := fs.Glob(catalogues, fmt.Sprintf("catalogue/*.%s.json", tag))
		for _, file := range files {
			if err == nil {
				_, err = bundle.LoadMessageFileFS(catalogues, file)
			}
		}
		if err != nil || len(files) == 0 {
			panic(fmt.Sprintf("language: %d catalogues of %s: %v", len(files), tag, err))
		}
	}
	all := make(map[Tag]Printer)
	for _, tag := range Tags() {
		all[tag] = Printer{tag: tag, localizer: i18n.NewLocalizer(bundle, string(tag))}
	}
	return all
}

// In speaks a language; an unknown one is zh-CN.
func In(tag Tag) Printer {
	if printer, ok := printers[tag]; ok {
		return printer
	}
	return printers[Chinese]
}

// Of speaks the language that a request asks for.
func Of(r *http.Request) Printer {
	if tag, ok := parse(r.URL.Query().Get(Parameter)); ok {
		return In(tag)
	}
	if cookie, err := r.Cookie(cookieName); err == nil {
		if tag, ok := parse(cookie.Value); ok {
			return In(tag)
		}
	}
	accepted, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		return In(Chinese)
	}
	_, i, confidence := matcher.Match(accepted...)
	if confidence == language.No {
		return In(Chinese)
	}
	return In(Tags()[i])
}

// Remember keeps the language that the address asks for in a cookie; it does
// nothing if the address asks for none.
func Remember(w http.ResponseWriter, r *http.Request) {
	tag, ok := parse(r.URL.Query().Get(Parameter))
	if !ok {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: string(tag), Path: "/", MaxAge: cookieSeconds,
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// parse finds the language that a word such as "en-GB" means.
func parse(word string) (Tag, bool) {
	asked, err := language.Parse(word)
	if word == "" || err != nil {
		return "", false
	}
	_, i, confidence := matcher.Match(asked)
	return Tags()[i], confidence >= language.High
}
