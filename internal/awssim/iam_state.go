package awssim

import (
	"time"

	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// iamState is the account's IAM: what is true, and the past that readers still see (Options.IAMDelay).
type iamState struct {
	Now  iamData
	Past []iamPast // oldest first
}

// iamPast is what readers see until a moment.
type iamPast struct {
	Until time.Time
	Data  iamData
}

// iamData is all of IAM at one moment.
type iamData struct {
	Users    map[string]*iamUser    // by name
	Roles    map[string]*iamRole    // by name
	Policies map[string]*iamPolicy  // customer managed, by ARN
	Profiles map[string]*iamProfile // by name
}

type iamUser struct {
	User     iamtypes.User
	Inline   map[string]string     // policy name to document
	Attached []string              // managed policy ARNs
	Keys     map[string]*accessKey // by id
}

type iamRole struct {
	Role     iamtypes.Role
	Inline   map[string]string
	Attached []string
}

// iamPolicy is a managed policy with its versions, by version id.
type iamPolicy struct {
	Policy    iamtypes.Policy
	Documents map[string]string
	Created   map[string]time.Time
	Next      int // number of the next version
}

// iamProfile is an instance profile; Role is a role's name or "".
type iamProfile struct {
	Profile iamtypes.InstanceProfile
	Role    string
}

// accessKey is a user's long-term key; it has no secret, as nothing here signs.
type accessKey struct {
	Meta     iamtypes.AccessKeyMetadata
	LastUsed *iamtypes.AccessKeyLastUsed
}

func newIAM() iamState { return iamState{Now: newIAMData()} }

func newIAMData() iamData {
	return iamData{
		Users: map[string]*iamUser{}, Roles: map[string]*iamRole{},
		Policies: map[string]*iamPolicy{}, Profiles: map[string]*iamProfile{},
	}
}
