package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Accounts is how findings of other accounts than Cordon's own are answered: as a role of that name in each of them.
type Accounts struct {
	Own         string `yaml:"own"`          // the account of Cordon's own credentials; AWS is asked if empty
	Role        string `yaml:"role"`         // name, or path and name; "" to refuse findings of other accounts
	ExternalID  string `yaml:"external_id"`  // what the roles' trust policies want as sts:ExternalId; no secret to AWS
	SessionName string `yaml:"session_name"` // in CloudTrail and in journals; default "cordon"
}

// The patterns are those of STS AssumeRole and IAM CreateRole.
var (
	accountID   = regexp.MustCompile(`^[0-9]{12}$`)
	roleName    = regexp.MustCompile(`^([\w+=,.@-]+/)*[\w+=,.@-]{1,64}$`)
	externalID  = regexp.MustCompile(`^[\w+=,.@:/-]+$`)
	sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
)

const (
	maxRolePath   = 512 - 1 // IAM counts the slash before it too
	maxExternalID = 1224
)

func (a Accounts) check() error {
	path := a.Role[:strings.LastIndex(a.Role, "/")+1]
	switch {
	case a.Own != "" && !accountID.MatchString(a.Own):
		return fmt.Errorf("accounts.own: %q is no account id; it has 12 digits, in quotation marks (\"111122223333\")", a.Own)
	case strings.HasPrefix(a.Role, "arn:"):
		return fmt.Errorf("accounts.role: give the name alone, not the ARN %q: the account is the finding's", a.Role)
	case a.Role != "" && !roleName.MatchString(a.Role), len(path) > maxRolePath:
		return fmt.Errorf("accounts.role: %q is no name of a role (for example cordon-member, or security/cordon-member with its path)", a.Role)
	case a.ExternalID != "" && a.Role == "":
		return errors.New("accounts.external_id: is given but no role; add accounts.role")
	case a.ExternalID != "" && (!externalID.MatchString(a.ExternalID) || len(a.ExternalID) < 2 || len(a.ExternalID) > maxExternalID):
		return errors.New("accounts.external_id: has 2 to 1224 letters, digits and +=,.@:/_-")
	case !sessionName.MatchString(a.SessionName):
		return fmt.Errorf("accounts.session_name: %q is no name of a role session: 2 to 64 letters, digits and +=,.@_-", a.SessionName)
	}
	return nil
}
