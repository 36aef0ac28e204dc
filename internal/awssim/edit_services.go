package awssim

import "time"

// Role adds an IAM role for EC2, with an instance profile of the same name. Unlike CreateRole it takes the paths of
// roles that only AWS may change: /aws-service-role/… and /aws-reserved/sso.amazonaws.com/….
func (ed *Editor) Role(path, name string) {
	ed.s.addRole(ed.now, path, name, serviceTrust("ec2.amazonaws.com"))
	ed.s.addProfile(ed.now, "/", name, name)
}

// AccessKey gives an IAM user, who is made if missing, a key of that id, created when it says.
func (ed *Editor) AccessKey(user, id string, created time.Time) {
	u, ok := ed.s.IAM.Now.Users[user]
	if !ok {
		u = ed.s.addUser(created, "/", user)
	}
	u.addKey(created, id)
}

// Administrator makes the account a GuardDuty member of another account.
func (ed *Editor) Administrator(account string) { ed.r.GuardDuty.Settings.Administrator = account }

// Member makes another account a GuardDuty member of this one, with a status such as Enabled or Resigned.
func (ed *Editor) Member(account, status string) {
	d := &ed.r.GuardDuty.Settings
	if d.Members == nil {
		d.Members = map[string]string{}
	}
	d.Members[account] = status
}

// EnforceBlock makes S3 refuse changes of a bucket's public access block, as an organization's policy does.
func (ed *Editor) EnforceBlock(bucket string) error {
	b, ok := ed.s.Buckets[bucket]
	if !ok {
		return apiError(404, "NoSuchBucket", "The specified bucket does not exist")
	}
	b.BlockEnforced = true
	return nil
}

// StopAgent stops the SSM agent of an instance.
func (ed *Editor) StopAgent(instance string) {
	a, ok := ed.r.SSM.Agents[instance]
	if !ok {
		a = &ssmAgent{Since: ed.now, Joined: ed.now}
		ed.r.SSM.Agents[instance] = a
	}
	a.Stopped, a.Connected, a.Since = true, false, ed.now
}
