// render prints a folder of Go-templated manifests as YAML documents: templates/*.yaml in the order of their names, with
// `.Values` from values.yaml and from `--set key=value`. It is the part of a chart that the examples need and no more:
// text/template and three functions. An absent value is false in an `if`; to print one is an error, as it is a slip.
package main

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"sigs.k8s.io/yaml"
)

type overrides []string

func (o *overrides) String() string { return strings.Join(*o, ",") }

func (o *overrides) Set(text string) error {
	if !strings.Contains(text, "=") {
		return fmt.Errorf("%q has no =, write key=value", text)
	}
	*o = append(*o, text)
	return nil
}

func main() {
	var sets overrides
	flag.Var(&sets, "set", "key=value, over values.yaml; a dot descends; may be given again")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: render [--set key=value]... FOLDER")
		os.Exit(2)
	}
	documents, err := render(flag.Arg(0), sets)
	if err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
	fmt.Print(strings.Join(documents, "---\n"))
}

func render(folder string, sets []string) ([]string, error) {
	values, err := readValues(filepath.Join(folder, "values.yaml"), sets)
	if err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(folder, "templates", "*.yaml"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("%s has no templates/*.yaml", folder)
	}
	documents := []string{}
	for _, path := range paths {
		document, err := renderFile(path, map[string]any{"Values": values})
		if err != nil {
			return nil, err
		}
		if strings.TrimSpace(document) != "" {
			documents = append(documents, strings.TrimRight(document, "\n")+"\n")
		}
	}
	return documents, nil
}

func renderFile(path string, data map[string]any) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	parsed, err := template.New(filepath.Base(path)).Funcs(functions).Parse(string(text))
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, data); err != nil {
		return "", err
	}
	// The option missingkey=error would refuse an absent value in an `if` too, so the output is looked at instead.
	for number, line := range strings.Split(out.String(), "\n") {
		if strings.Contains(line, "<no value>") {
			return "", fmt.Errorf("%s: line %d of the output prints a value that is absent: %s", path, number+1, strings.TrimSpace(line))
		}
	}
	return out.String(), nil
}

var functions = template.FuncMap{
	"quote": func(value any) string {
		if value == nil {
			return `""`
		}
		return strconv.Quote(fmt.Sprint(value))
	},
	"b64enc": func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) },
	"default": func(fallback any, value any) any {
		if truth, _ := template.IsTrue(value); truth {
			return value
		}
		return fallback
	},
}

func readValues(path string, sets []string) (map[string]any, error) {
	values := map[string]any{}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if values == nil {
		values = map[string]any{}
	}
	for _, set := range sets {
		key, text, _ := strings.Cut(set, "=")
		if err := put(values, strings.Split(key, "."), scalar(text)); err != nil {
			return nil, fmt.Errorf("--set %s: %w", key, err)
		}
	}
	return values, nil
}

func put(values map[string]any, path []string, value any) error {
	for _, step := range path[:len(path)-1] {
		switch next := values[step].(type) {
		case map[string]any:
			values = next
		case nil:
			made := map[string]any{}
			values[step] = made
			values = made
		default:
			return fmt.Errorf("%q is not a map", step)
		}
	}
	values[path[len(path)-1]] = value
	return nil
}

// A number or a truth is one, as in a values file; everything else is text, also what would be a list there.
func scalar(text string) any {
	if number, err := strconv.Atoi(text); err == nil && strconv.Itoa(number) == text {
		return number
	}
	if text == "true" || text == "false" {
		return text == "true"
	}
	return text
}
