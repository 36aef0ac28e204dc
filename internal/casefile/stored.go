package casefile

import (
	"encoding/json"
	"errors"
	"fmt"

	"cordon/internal/action"
)

// DecodeCase reads a case's body as a store keeps it. What is no case, or could not be written back, is an error.
func DecodeCase(body []byte) (c Case, err error) {
	if err = json.Unmarshal(body, &c); err == nil && (c.ID == "" || c.Status == "") {
		err = errors.New("it has no id or no status")
	}
	if err == nil {
		_, err = json.Marshal(c)
	}
	if err != nil {
		return Case{}, fmt.Errorf("decode case: %w", err)
	}
	return c, nil
}

// DecodeRecord reads a record's body, and the parts that a store keeps apart: JSON, or nothing. What is no record, or could not
// be written back, is an error.
func DecodeRecord(body, request, prior, after []byte) (r action.Record, err error) {
	if err = json.Unmarshal(body, &r); err == nil && (r.Case == "" || r.Action == "") {
		err = errors.New("it has no case or no action")
	}
	if err == nil {
		r.Request, r.Prior, r.After = request, prior, after
		_, err = json.Marshal(r) // checks the parts, too
	}
	if err != nil {
		return action.Record{}, fmt.Errorf("decode record: %w", err)
	}
	return r, nil
}
