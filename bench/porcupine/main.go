// Judges histories of a key-value store with Porcupine, for `npm run bench -- --only checkers`.
//
// One history for each line read: {"timeoutMs": 60000, "operations": [[key, put or null, given, call, return], …]}, times in
// microseconds, a return of -1 for what may have happened. One answer for each line written: {"word": "holds", "ms": 1.5}.
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"math"
	"os"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

type history struct {
	TimeoutMs  int64               `json:"timeoutMs"`
	Operations [][]json.RawMessage `json:"operations"`
}

type answer struct {
	Word string  `json:"word"`
	Ms   float64 `json:"ms"`
}

// A put of value, or a get. Keys are parts of the history, each a store of its own.
type input struct {
	key   string
	isPut bool
	value string
}

var store = porcupine.Model{
	Partition: func(operations []porcupine.Operation) [][]porcupine.Operation {
		byKey := map[string][]porcupine.Operation{}
		for _, operation := range operations {
			key := operation.Input.(input).key
			byKey[key] = append(byKey[key], operation)
		}
		keys := make([]string, 0, len(byKey))
		for key := range byKey {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		parts := make([][]porcupine.Operation, 0, len(keys))
		for _, key := range keys {
			parts = append(parts, byKey[key])
		}
		return parts
	},
	Init: func() interface{} { return "" },
	Step: func(state, in, out interface{}) (bool, interface{}) {
		asked := in.(input)
		if asked.isPut {
			return true, asked.value
		}
		return out.(string) == state.(string), state
	},
}

var words = map[porcupine.CheckResult]string{
	porcupine.Ok:      "holds",
	porcupine.Illegal: "violated",
	porcupine.Unknown: "undecided",
}

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	answers := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			var asked history
			must(json.Unmarshal(line, &asked))
			operations := parse(asked.Operations)
			start := time.Now()
			result := porcupine.CheckOperationsTimeout(
				store, operations, time.Duration(asked.TimeoutMs)*time.Millisecond)
			ms := float64(time.Since(start).Microseconds()) / 1000
			must(answers.Encode(answer{words[result], ms}))
		}
		if err == io.EOF {
			return
		}
		must(err)
	}
}

func parse(rows [][]json.RawMessage) []porcupine.Operation {
	operations := make([]porcupine.Operation, 0, len(rows))
	for _, row := range rows {
		var asked input
		var put *string
		var given string
		var call, done int64
		for index, into := range []interface{}{&asked.key, &put, &given, &call, &done} {
			must(json.Unmarshal(row[index], into))
		}
		if put != nil {
			asked.isPut, asked.value = true, *put
		}
		// What may have happened is put at the end at the latest, where nobody sees it.
		if done < 0 {
			done = math.MaxInt64
		}
		operations = append(operations, porcupine.Operation{
			Input: asked, Call: call, Output: given, Return: done,
		})
	}
	return operations
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
