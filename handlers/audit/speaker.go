package audit

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/outturn/outturn/handlers/language"
)

//go:embed catalogue/*.json
var catalogueFiles embed.FS

// catalogues hold the texts of each language, by rule and name. They are
// compiled in and never change.
var catalogues = readCatalogues()

func readCatalogues() map[language.Tag]map[string]map[string]string {
	all := make(map[language.Tag]map[string]map[string]string)
	for _, tag := range language.Tags() {
		raw, err := catalogueFiles.ReadFile(fmt.Sprintf("catalogue/%s.json", tag))
		if err != nil {
			panic("audit: " + err.Error())
		}
		var texts map[string]map[string]string
		if err := json.Unmarshal(raw, &texts); err != nil {
			panic(fmt.Sprintf("audit: catalogue of %s: %v", tag, err))
		}
		all[tag] = texts
	}
	return all
}

// speaker puts findings into the words of one language.
type speaker struct {
	texts map[string]map[string]string
}

// speakerOf speaks a language; an unknown one is zh-CN.
func speakerOf(tag language.Tag) speaker {
	if texts, known := catalogues[tag]; known {
		return speaker{texts}
	}
	return speaker{catalogues[language.Chinese]}
}

// say fills the text of a rule, named RULE.name, with parameters in pairs of
// name and value. An empty value is a blank cell and is called so.
func (s speaker) say(key string, params ...string) string {
	rule, name, _ := strings.Cut(key, ".")
	text, found := s.texts[rule][name]
	if !found {
		panic("audit: no text for " + key)
	}
	if len(params) == 0 {
		return text
	}
	pairs := make([]string, 0, len(params))
	for i := 0; i < len(params); i += 2 {
		value := params[i+1]
		if strings.TrimSpace(value) == "" {
			value = s.texts["words"]["blank"]
		}
		pairs = append(pairs, "{"+params[i]+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
