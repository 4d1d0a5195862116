package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/api"
)

var update = flag.Bool("update", false, "rewrite the generated parts of openapi.json")

const contractFile = "openapi.json"

// object is a JSON object of the contract.
type object = map[string]any

// contract is openapi.json with its schemas compiled as they are needed.
type contract struct {
	doc object

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
}

var theContract = sync.OnceValues(loadContract)

func loadContract() (*contract, error) {
	raw, err := os.ReadFile(contractFile)
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource(contractFile, doc); err != nil {
		return nil, err
	}
	return &contract{doc: doc.(object), compiler: compiler, compiled: map[string]*jsonschema.Schema{}}, nil
}

func contractOf(t testing.TB) *contract {
	t.Helper()
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// at follows names through the contract, and the references on the way. It
// returns what is there and where that is.
func (c *contract) at(names ...string) (found object, where []string) {
	found = c.doc
	for _, name := range names {
		next, ok := found[name].(object)
		if !ok {
			return nil, nil
		}
		where = append(where, name)
		if ref, is := next["$ref"].(string); is {
			return c.at(append(strings.Split(strings.TrimPrefix(ref, "#/"), "/"), names[len(where):]...)...)
		}
		found = next
	}
	return found, where
}

// validate holds JSON to the schema at a place of the contract.
func (c *contract) validate(where []string, raw []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	schema, err := c.schema(where)
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

func (c *contract) schema(where []string) (*jsonschema.Schema, error) {
	place := contractFile + "#"
	for _, name := range where {
		place += "/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(name)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.compiled[place]; ok {
		return known, nil
	}
	schema, err := c.compiler.Compile(place)
	if err == nil {
		c.compiled[place] = schema
	}
	return schema, err
}

var pathVariable = regexp.MustCompile(`\\\{[a-z]+\\\}`)

// path finds the path of the contract that a request's path is one of.
func (c *contract) path(requested string) string {
	for _, path := range c.paths() {
		pattern := pathVariable.ReplaceAllString(regexp.QuoteMeta(path), "[^/]+")
		if regexp.MustCompile("^" + pattern + "$").MatchString(requested) {
			return path
		}
	}
	return ""
}

func (c *contract) paths() []string {
	all, _ := c.at("paths")
	return slices.Sorted(maps.Keys(all))
}

// response is the place of an answer in the contract. What is no call at all
// gets the problems that any path may get.
func (c *contract) response(method, path string, status int) []string {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	_, where := c.at("paths", c.path(path), strings.ToLower(method), "responses", strconv.Itoa(status))
	switch {
	case where != nil:
		return where
	case status == http.StatusMethodNotAllowed:
		return []string{"components", "responses", "MethodNotAllowed"}
	case status == http.StatusNotFound && c.path(path) == "":
		return []string{"components", "responses", "NotFound"}
	case status == http.StatusUnauthorized:
		return []string{"components", "responses", "Unauthenticated"}
	}
	return nil
}

// checkAnswer holds an answer to the contract.
func (c *contract) checkAnswer(method, path string, a answer) error {
	where := c.response(method, path, a.status)
	if where == nil {
		return fmt.Errorf("the contract does not have %d for %s %s", a.status, method, path)
	}
	headers, _ := c.at(append(where, "headers")...)
	for name := range headers {
		header, _ := c.at(append(where, "headers", name)...)
		if header["required"] == true && a.header.Get(name) == "" {
			return fmt.Errorf("the answer lacks the header %s", name)
		}
	}
	media, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	schema, place := c.at(append(where, "content", media, "schema")...)
	switch {
	case schema == nil:
		return fmt.Errorf("the contract does not have %s for %d of %s %s", media, a.status, method, path)
	case !strings.HasSuffix(media, "json") || method == http.MethodHead:
		return nil
	}
	if err := c.validate(place, a.body); err != nil {
		return fmt.Errorf("%d of %s %s: %w\n%.2000s", a.status, method, path, err, a.body)
	}
	return nil
}

// generated writes the parts of the contract that follow from the code: the
// event, the data of each type, the problem codes, and who may make each call.
func generated(doc object) {
	for route, needs := range api.Needs() {
		method, path, _ := strings.Cut(route, " ")
		if methods, ok := doc["paths"].(object)[path].(object); ok {
			methods[strings.ToLower(method)].(object)["x-needs"] = object{"roles": needs.Roles, "narrowed": needs.Narrowed}
		}
	}
	schemas := doc["components"].(object)["schemas"].(object)
	maps.DeleteFunc(schemas, func(name string, _ any) bool { return strings.Contains(name, ".") })
	var types, choices []any
	for _, definition := range events.Definitions() {
		data := definition.DataSchema()
		data["title"] = definition.Zh
		data["description"] = "Says that " + definition.Says + "."
		schemas[definition.Type.Noun()] = data
		types = append(types, string(definition.Type))
		choices = append(choices, object{
			"title": definition.Zh + " " + definition.Type.Noun(),
			"properties": object{
				"type": object{"const": string(definition.Type)},
				"data": object{"$ref": "#/components/schemas/" + definition.Type.Noun()},
			},
		})
	}
	event := events.Definitions()[0].EventSchema()
	event["title"] = "Event"
	event["description"] = "A fact: a CloudEvents 1.0 envelope around the data of one type. Sequence, recordedtime, actor and prevhash are the log's to add."
	properties := event["properties"].(object)
	properties["type"] = object{"type": "string", "enum": types, "description": "Name of the event type"}
	properties["data"] = object{"type": "object", "description": "What the event says, by its type"}
	properties["subject"].(object)["description"] = "Code of the unit, project or line that the event is about"
	event["oneOf"] = choices
	schemas["Event"] = event
	codes := slices.Sorted(maps.Keys(api.StatusOf()))
	codes = append(codes, api.SaidOnly()...)
	slices.Sort(codes)
	schemas["Code"] = object{
		"type": "string", "enum": codes,
		"description": "The stable slug that programs branch on. It never changes meaning; docs/api.md says what to do about each.",
	}
}

func TestTheContractIsInStepWithTheCode(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(contractFile)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var doc object
	if err := decoder.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	generated(doc)
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(doc); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(contractFile, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(raw, want.Bytes()) {
		t.Errorf("%s is not in step with the event types or problem codes; run this test with -update and build again", contractFile)
	}
}

func TestEveryRouteIsInTheContractAndTheOtherWayRound(t *testing.T) {
	t.Parallel()
	c := contractOf(t)
	want := append(api.Routes(), "GET /openapi.json", "GET /metrics", "GET /healthz", "GET /readyz")
	var have []string
	for _, path := range c.paths() {
		methods, _ := c.at("paths", path)
		for method := range methods {
			have = append(have, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(have, want) {
		t.Errorf("the contract has\n%s\nthe code has\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

func TestEveryProblemCodeIsListedUnderItsStatus(t *testing.T) {
	t.Parallel()
	c := contractOf(t)
	listed := map[events.Code]int{}
	responses, _ := c.at("components", "responses")
	for name := range responses {
		schema, _ := c.at("components", "responses", name, "content", "application/problem+json", "schema")
		narrowed := schema["allOf"].([]any)[1].(object)["properties"].(object)
		status, _ := narrowed["status"].(object)["const"].(json.Number).Int64()
		for _, code := range narrowed["code"].(object)["enum"].([]any) {
			listed[events.Code(code.(string))] = int(status)
		}
	}
	if want := api.StatusOf(); !maps.Equal(listed, want) {
		t.Errorf("the contract lists %v\nthe code has %v", listed, want)
	}
}

func TestEveryExampleHoldsToItsSchema(t *testing.T) {
	t.Parallel()
	c := contractOf(t)
	checked := 0
	for _, path := range c.paths() {
		methods, _ := c.at("paths", path)
		for method := range methods {
			operation, _ := c.at("paths", path, method)
			for _, member := range []string{"operationId", "summary", "responses"} {
				if operation[member] == nil {
					t.Errorf("%s %s lacks %s", method, path, member)
				}
			}
			checked += c.checkExamples(t, "paths", path, method, "requestBody")
			responses, _ := c.at("paths", path, method, "responses")
			for status := range responses {
				n := c.checkExamples(t, "paths", path, method, "responses", status)
				if n == 0 {
					t.Errorf("%s %s: %s has no example", method, path, status)
				}
				checked += n
			}
		}
	}
	if checked < 40 {
		t.Errorf("only %d examples were found", checked)
	}
}

// checkExamples holds the examples of a body to its schema and counts them.
func (c *contract) checkExamples(t *testing.T, names ...string) (checked int) {
	t.Helper()
	content, _ := c.at(append(slices.Clone(names), "content")...)
	for media := range content {
		body, where := c.at(append(slices.Clone(names), "content", media)...)
		examples := []any{}
		if one, ok := body["example"]; ok {
			examples = append(examples, one)
		}
		named, _ := body["examples"].(object)
		for _, example := range named {
			examples = append(examples, example.(object)["value"])
		}
		for _, example := range examples {
			raw, err := json.Marshal(example)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.validate(append(where, "schema"), raw); err != nil {
				t.Errorf("example of %v %s: %v", names, media, err)
			}
			checked++
		}
	}
	return checked
}

func TestTheContractStatesTheLimitsOfTheCode(t *testing.T) {
	t.Parallel()
	operation, _ := contractOf(t).at("paths", "/v1/events", "post")
	said := operation["description"].(string)
	for _, limit := range []string{
		fmt.Sprintf("%d MiB", api.MaxBody>>20), strconv.Itoa(api.MaxEvents) + " events", fmt.Sprintf("%d with", maxAtomic),
		fmt.Sprintf("%d KiB an event", events.MaxBytes>>10),
	} {
		if !strings.Contains(said, limit) {
			t.Errorf("POST /v1/events does not say %q", limit)
		}
	}
	stream, _ := contractOf(t).at("paths", "/v1/stream", "get")
	if !strings.Contains(stream["description"].(string), strconv.Itoa(api.MaxStreams)) {
		t.Errorf("GET /v1/stream does not say that it has %d places", api.MaxStreams)
	}
}
