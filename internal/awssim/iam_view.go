package awssim

// iamView is what a read of IAM sees: the truth, or what was true Options.IAMDelay ago.
func (x *request) iamView() *iamData {
	for i := range x.st.IAM.Past {
		if past := &x.st.IAM.Past[i]; past.Until.After(x.now) {
			return &past.Data
		}
	}
	return &x.st.IAM.Now
}

// iamWrite is what a change of IAM works on: the truth. Readers go on seeing what it was for Options.IAMDelay.
func (x *request) iamWrite() *iamData {
	iam := &x.st.IAM
	for len(iam.Past) > 0 && !iam.Past[0].Until.After(x.now) {
		iam.Past = iam.Past[1:]
	}
	if delay := x.acct.opts.IAMDelay; delay > 0 {
		iam.Past = append(iam.Past, iamPast{Until: x.now.Add(delay), Data: clone(iam.Now)})
	}
	return &iam.Now
}
