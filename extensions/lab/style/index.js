import '@nbinterview/proctor/style/check.css';
import './index.css';
