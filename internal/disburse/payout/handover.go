package payout

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// Handover is the JSON hand-over to the budget-integration system (预算管理一体化), in UTF-8, money as strings in 元:
//
//	{"format":"mianshen.payout/1","batch":"…","list_hash":"…","created":"2025-06-30",
//	 "debtor":{"name":"…","bank":"…","account":"…"},"count":2,"sum":"6000.01","lines":[
//	{"id":"…","payee":"…","bank":"…","account":"…","amount":"6000.00","purpose":"…",
//	 "unit":"…","project":"…","function":"…","economic":"…"},…]}
//
// Each payment is a line of its own, so that a difference between two files can be seen.
type Handover struct{}

// Name returns 预算一体化数据（JSON）.
func (Handover) Name() string { return "预算一体化数据（JSON）" }

// Extension returns json.
func (Handover) Extension() string { return "json" }

// demands is empty: JSON carries whatever Batch.Check lets pass.
func (Handover) demands(Batch) Mistakes { return nil }

type handoverHead struct {
	Format   string         `json:"format"`
	Batch    string         `json:"batch"`
	ListHash string         `json:"list_hash"`
	Created  string         `json:"created"`
	Debtor   handoverDebtor `json:"debtor"`
	Count    int            `json:"count"`
	Sum      string         `json:"sum"`
}

type handoverDebtor struct {
	Name    string `json:"name"`
	Bank    string `json:"bank"`
	Account string `json:"account"`
}

type handoverLine struct {
	ID       string `json:"id"`
	Payee    string `json:"payee"`
	Bank     string `json:"bank"`
	Account  string `json:"account"`
	Amount   string `json:"amount"`
	Purpose  string `json:"purpose"`
	Unit     string `json:"unit"`
	Project  string `json:"project"`
	Function string `json:"function"`
	Economic string `json:"economic"`
}

func (Handover) write(w io.Writer, b Batch) error {
	out := bufio.NewWriter(w)
	head, err := compact(handoverHead{
		Format: "mianshen.payout/1", Batch: b.ID, ListHash: b.ListHash, Created: b.Created.String(),
		Debtor: handoverDebtor(b.Debtor), Count: b.Control.Count, Sum: fen(b.Control.Sum),
	})
	if err != nil {
		return err
	}
	// The head is one object; the lines are put before its closing brace.
	fmt.Fprintf(out, "%s,\"lines\":[", bytes.TrimSuffix(head, []byte("}")))
	for i, l := range b.Lines {
		one, err := compact(handoverLine{
			ID: l.ID, Payee: l.Payee, Bank: l.Bank, Account: l.Account, Amount: fen(l.Amount), Purpose: l.Purpose,
			Unit: l.Budget.Unit, Project: l.Budget.Project, Function: l.Budget.Function, Economic: l.Budget.Economic,
		})
		if err != nil {
			return err
		}
		if i > 0 {
			fmt.Fprint(out, ",")
		}
		fmt.Fprintf(out, "\n%s", one)
	}
	fmt.Fprint(out, "\n]}\n")
	if err := out.Flush(); err != nil { // bufio keeps the first error
		return fmt.Errorf("hand-over: %w", err)
	}
	return nil
}

// compact writes a value without escaping what only HTML needs.
func compact(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return nil, fmt.Errorf("hand-over: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}
