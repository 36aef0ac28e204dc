package dynamodb

import (
	"fmt"
	"strings"

	"cordon/internal/cloud"
)

// hinted adds what the user can do to DynamoDB's error.
func (s *Store) hinted(err error) error {
	if err == nil {
		return nil
	}
	hint := ""
	switch {
	case cloud.Is(err, "ResourceNotFoundException"):
		hint = fmt.Sprintf("there is no table %s in %s: make it (deploy/ has templates), or name another with store: in cordon.yaml", s.table, s.client.Options().Region)
	case cloud.Is(err, "ValidationException"):
		hint = fmt.Sprintf("the table needs the string keys %s and %s, and an index %s of %s and %s", PartitionKey, SortKey, Index, IndexPartitionKey, IndexSortKey)
	case cloud.Denied(err):
		hint = fmt.Sprintf("allow %s on the table, dynamodb:Query on its index %s, and the use of its KMS key if it has one",
			strings.Join(Permissions().Table, ", "), Index)
	case cloud.Throttled(err):
		hint = "the table is too busy: try again, or make it one that is paid for by the request"
	}
	if hint == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, hint)
}

// indexHinted is hinted for a question to the index: some endpoints say of an index that is missing what DynamoDB says of
// a table.
func (s *Store) indexHinted(err error) error {
	if !cloud.Is(err, "ResourceNotFoundException") {
		return s.hinted(err)
	}
	return fmt.Errorf("%w (the table %s in %s is not there, or has no index %s of %s and %s)", err, s.table, s.client.Options().Region, Index, IndexPartitionKey, IndexSortKey)
}
